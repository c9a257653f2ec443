import { z } from "zod";
import { pushFacts } from "../campaign/push/standing.ts";

/** What is said of goods of the day, and how; `{{ goods.name }}` and its like stand for the goods' own words. */
export const GoodsPush = z.strictObject(pushFacts("hot goods"));
export type GoodsPush = z.output<typeof GoodsPush>;
