import { z } from "zod";
import { Content } from "../campaign/content/content.ts";
import { channelNames } from "../channels/catalog.ts";
import { plainText } from "../value/plain-text.ts";

/** What is said of goods of the day, and how; `{{ goods.name }}` and its like stand for the goods' own words. */
export const GoodsPush = z.strictObject({
  topic: plainText(60).default("hot goods"),
  channels: z.array(z.enum(channelNames)).min(1),
  reach: z.enum(["EACH", "FIRST_REACHABLE"]).default("FIRST_REACHABLE"),
  content: Content,
});
export type GoodsPush = z.output<typeof GoodsPush>;
