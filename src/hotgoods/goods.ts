import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { type Context, withTransaction } from "../context.ts";
import { field, rows } from "../db/bulk.ts";
import { inOrder } from "../db/in-order.ts";
import { type Issue, isRefusal, issuesOf, refuse } from "../errors.ts";
import { parseInput } from "../input.ts";
import { inReach, isOfShop, newShop } from "../shop.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { calendarDate } from "../value/date.ts";
import { plainText } from "../value/plain-text.ts";
import type { GoodsState } from "./table.ts";

/** Rows of one call or file at most. */
export const mostGoods = 5_000;

export const GoodsRow = z.strictObject({
  day: calendarDate(),
  goods: plainText(200),
  name: plainText(200),
  description: z.string().max(2_000).default(""),
  keywords: z.array(plainText(60)).max(50).default([]),
  /** In the audience language; null: it is skipped, and said so. */
  persona: z.unknown().default(null),
  priority: z.int().min(-1_000_000).max(1_000_000).default(0),
});
export type GoodsInput = z.input<typeof GoodsRow>;

/** Goods of a day, and what became of telling of them. */
export interface HotGoods extends Required<z.output<typeof GoodsRow>> {
  readonly id: number;
  readonly shop: string;
  readonly state: GoodsState;
  readonly reason: string | null;
  readonly campaign: number | null;
  /** For whom it was chosen. */
  readonly members: number;
}

interface Row extends Omit<HotGoods, "keywords" | "persona"> {
  readonly keywords: string;
  readonly persona: string | null;
}

export async function readGoods(ctx: Context, where: SQL): Promise<HotGoods[]> {
  const found = await ctx.db.all<Row>(sql`
    SELECT id, shop, day, goods, name, description, keywords, persona, priority, state, reason, campaign, members
    FROM hot_goods WHERE ${where}`);
  return found.map(({ keywords, persona, ...row }) => ({
    ...row,
    keywords: JSON.parse(keywords),
    persona: persona === null ? null : JSON.parse(persona),
  }));
}

export async function goodsById(ctx: Context, ids: readonly number[]): Promise<(HotGoods | undefined)[]> {
  const wanted = sql`id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  return inOrder(ids, await readGoods(ctx, sql`${wanted} AND ${inReach(ctx, sql`shop`)}`));
}

interface Listed {
  readonly day?: string | undefined;
  readonly state?: GoodsState | undefined;
  readonly shop?: string | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

/** Goods that the actor may know of, the newest first. */
export function listGoods(ctx: Context, { day, state, shop, after, limit }: Listed): Promise<HotGoods[]> {
  const where = sql`${day === undefined ? sql`1` : sql`day = ${day}`} AND
    ${state === undefined ? sql`1` : sql`state = ${state}`} AND ${isOfShop(shop, sql`shop`)} AND
    ${inReach(ctx, sql`shop`)} AND id < ${after ?? Number.MAX_SAFE_INTEGER}`;
  return readGoods(ctx, sql`${where} ORDER BY id DESC LIMIT ${limit}`);
}

/**
 * Writes down goods of days, all or none; what is there of the same shop, day and goods is replaced, unless it is
 * decided on. Refuses rows with what is wrong with each, by their place in the list. Answers the rows as they are.
 */
export async function addGoods(
  ctx: Context,
  { rows: given, shop: asked }: { readonly rows: readonly GoodsInput[]; readonly shop?: string | undefined },
) {
  const shop = newShop(ctx, asked);
  if (isRefusal(shop)) return shop;
  const checked = parseInput(z.strictObject({ rows: z.array(GoodsRow).min(1).max(mostGoods) }), { rows: [...given] });
  if (isRefusal(checked)) return checked;
  const issues = checked.rows.flatMap(({ persona }, i) => personaIssues(ctx, persona, `rows.${i}.persona`));
  if (issues.length > 0) return refuse.invalid(issues);
  return withTransaction(ctx, async (tx) => {
    const said = checked.rows.map((row) => ({
      ...row,
      persona: row.persona === null ? null : JSON.stringify(row.persona),
    }));
    await tx.db.write([
      sql`
        INSERT INTO hot_goods (shop, day, goods, name, description, keywords, persona, priority, state, updated_at)
        SELECT ${shop}, ${field("day")}, ${field("goods")}, ${field("name")}, ${field("description")},
          ${field("keywords")}, ${field("persona")}, ${field("priority")}, 'PLANNED', ${tx.clock()}
        FROM ${rows(said)} WHERE true
        ON CONFLICT (shop, day, goods) DO UPDATE SET name = excluded.name, description = excluded.description,
          keywords = excluded.keywords, persona = excluded.persona, priority = excluded.priority,
          updated_at = excluded.updated_at
        WHERE state = 'PLANNED' AND NOT EXISTS (SELECT 1 FROM hot_goods_mark k WHERE k.goods = hot_goods.id)`,
      auditDeed(tx, subjectOf("hot-goods", shop), `says ${said.length} goods`),
    ]);
    const keys = JSON.stringify(checked.rows.map(({ day, goods }) => [day, goods]));
    return readGoods(
      tx,
      sql`id IN (SELECT h.id FROM json_each(${keys}) w CROSS JOIN hot_goods h
        ON h.shop = ${shop} AND h.day = w.value ->> 0 AND h.goods = w.value ->> 1) ORDER BY id`,
    );
  });
}

function personaIssues(ctx: Context, persona: unknown, path: string): Issue[] {
  if (persona === null) return [];
  const read = ctx.audience.parse(persona);
  return isRefusal(read) ? issuesOf(read).map(({ message }) => ({ path, message })) : [];
}
