import { defineDomain } from "../context.ts";
import { tables } from "./table.ts";

export const promotion = defineDomain({
  name: "promotion",
  about: "What the shop promises everyone for a while, by threshold.",
  tables,
});
