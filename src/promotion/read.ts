import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { perApp } from "../memory.ts";
import { fromRow, type Promotion, promotionTable } from "./table.ts";

/** A promotion as it is written down: its number, and all its columns as one JSON list. */
export interface WrittenPromotion {
  readonly id: number;
  readonly facts: string;
}

const columns = Object.entries(getTableColumns(promotionTable));

/** The columns of {@link WrittenPromotion}. */
export const writtenPromotion: SQL = sql.raw(
  `promotion.id, json_array(${columns.map(([, { name }]) => `promotion.${name}`).join(", ")}) AS facts`,
);

const mostKept = 1_000;

/**
 * Reads promotions that were just asked for, each anew where it is not written as it was the last time: carts are
 * quoted all day long by the same few. Nobody changes what this answers.
 */
export function readPromotions(ctx: Context, written: readonly WrittenPromotion[]): Promotion[] {
  const kept = perApp(ctx, "promotion.read", () => new Map<number, { facts: string; promotion: Promotion }>());
  return written.map(({ id, facts }) => {
    const before = kept.get(id);
    if (before?.facts === facts) return before.promotion;
    const promotion = fromRow(rowOf(JSON.parse(facts)));
    if (kept.size >= mostKept) kept.clear();
    kept.set(id, { facts, promotion });
    return promotion;
  });
}

/** The columns as the table's own reader would have them. */
function rowOf(values: readonly unknown[]) {
  const entries = columns.map(([name, column], i) => {
    const value = values[i] ?? null;
    return [name, value === null ? null : column.mapFromDriverValue(value)];
  });
  return Object.fromEntries(entries) as typeof promotionTable.$inferSelect;
}
