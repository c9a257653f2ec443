import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { PromotionKind } from "./tier.ts";

/** The tables that promotions own. */
export const tables = ["promotion"] as const;

export const promotionTable = sqliteTable("promotion", {
  id: integer().primaryKey(),
  name: text().notNull(),
  remark: text().notNull(),
  kind: text().$type<PromotionKind>().notNull(),
  /** Of all its amounts, ISO 4217. */
  currency: text().notNull(),
  tiers: text({ mode: "json" }).$type<readonly unknown[]>().notNull(),
  startsAt: integer("starts_at").notNull(),
  endsAt: integer("ends_at"),
  enabled: integer({ mode: "boolean" }).notNull(),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});
