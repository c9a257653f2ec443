import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { GoodsConditions } from "../discount/conditions.ts";
import type { Stacking } from "../discount/stacking.ts";
import type { AudienceChoice } from "../member/audience-choice.ts";
import { type PromotionKind, PromotionRule } from "./tier.ts";

/** The tables that promotions own. */
export const tables = ["promotion"] as const;

export const promotionTable = sqliteTable("promotion", {
  id: integer().primaryKey(),
  /** The number of the shop whose it is; empty: the company's own. */
  shop: text().notNull(),
  name: text().notNull(),
  remark: text().notNull(),
  kind: text().$type<PromotionKind>().notNull(),
  /** Of all its amounts, ISO 4217. */
  currency: text().notNull(),
  tiers: text({ mode: "json" }).$type<readonly unknown[]>().notNull(),
  /** Which goods count. */
  conditions: text({ mode: "json" }).$type<GoodsConditions>().notNull(),
  /** For whose carts it acts; a segment as it is when that is asked. */
  audience: text({ mode: "json" }).$type<AudienceChoice>().notNull(),
  /** Beside which others it acts; null: beside all that are not exclusive. */
  stacking: text({ mode: "json" }).$type<Stacking>(),
  /** Where it leads. */
  activeUrl: text("active_url"),
  startsAt: integer("starts_at").notNull(),
  endsAt: integer("ends_at"),
  enabled: integer({ mode: "boolean" }).notNull(),
  /** In words; null where nobody wrote it down. */
  createdBy: text("created_by"),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

type Row = typeof promotionTable.$inferSelect;

/** A rule that acts on the shop's carts or orders while it is enabled and inside its window. Times are milliseconds. */
export type Promotion = Omit<Row, "kind" | "tiers"> & PromotionRule;

/** The rule is parsed again, so that a row that no longer fits is noticed where it is read. */
export function fromRow({ kind, tiers, ...facts }: Row): Promotion {
  return { ...facts, ...PromotionRule.parse({ kind, tiers }) };
}
