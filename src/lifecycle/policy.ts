import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { pushFacts } from "../campaign/push/standing.ts";
import type { Context } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import { inReach, isOfShop } from "../shop.ts";
import type { LifecycleKind } from "./table.ts";

/** What the campaigns of a policy say, how, and which coupon they bring. */
export const LifecyclePush = z.strictObject({
  ...pushFacts("lifecycle"),
  /** Given with it, or claimed by its link. */
  couponTemplate: z.int().positive().nullable().default(null),
  invite: z.boolean().default(false),
});
export type LifecyclePush = z.output<typeof LifecyclePush>;

/** What the shop says to each member at a day of her own. */
export interface LifecyclePolicy {
  readonly id: number;
  readonly shop: string;
  readonly name: string;
  readonly kind: LifecycleKind;
  /** Days before or after what it is about; 0 of birthdays. */
  readonly days: number;
  /** From which hour on, by the member's own clock. */
  readonly hour: number;
  readonly push: LifecyclePush;
  readonly enabled: boolean;
  /** All whose hour came before (ms) are decided on. */
  readonly lookedTo: number;
  /** Why nobody can be told at present. */
  readonly fault: string | null;
  /** Occasions that members were told of, and those that passed while nobody looked. */
  readonly told: number;
  readonly missed: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

interface Row extends Omit<LifecyclePolicy, "push" | "enabled"> {
  readonly push: string;
  readonly enabled: number;
}

const columns = sql.raw(`id, shop, name, kind, days, hour, push, enabled, looked_to AS lookedTo, fault, told, missed,
  created_by AS createdBy, created_at AS createdAt, updated_at AS updatedAt`);

async function read(ctx: Context, where: SQL): Promise<LifecyclePolicy[]> {
  const found = await ctx.db.all<Row>(sql`SELECT ${columns} FROM lifecycle_policy WHERE ${where}`);
  return found.map((row) => ({ ...row, enabled: row.enabled === 1, push: LifecyclePush.parse(JSON.parse(row.push)) }));
}

/** The policies of these ids in the order asked, where the actor may know of them. */
export async function policiesById(ctx: Context, ids: readonly number[]): Promise<(LifecyclePolicy | undefined)[]> {
  const wanted = sql`id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  return inOrder(ids, await read(ctx, sql`${wanted} AND ${inReach(ctx, sql`shop`)}`));
}

export async function findPolicy(ctx: Context, id: number): Promise<LifecyclePolicy | undefined> {
  return (await policiesById(ctx, [id]))[0];
}

/** All that the actor may know of, the oldest first. */
export function listPolicies(
  ctx: Context,
  page: { readonly shop?: string | undefined; readonly after?: number | undefined; readonly limit: number },
): Promise<LifecyclePolicy[]> {
  const reachable = sql`${inReach(ctx, sql`shop`)} AND ${isOfShop(page.shop, sql`shop`)}`;
  return read(ctx, sql`id > ${page.after ?? 0} AND ${reachable} ORDER BY id LIMIT ${page.limit}`);
}
