import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { tables } from "./table.ts";

export const promotion = defineDomain({
  name: "promotion",
  about: "What the shop promises everyone for a while, by threshold.",
  tables,
  subjects: {
    promotion: { type: "Promotion", shop: (id) => sql`SELECT p.shop FROM promotion p WHERE p.id = ${id}` },
  },
});
