import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { type Context, withTransaction } from "../context.ts";
import { isRefusal } from "../errors.ts";
import { parseInput } from "../input.ts";
import type { ScheduleFacts } from "../schedule/facts.ts";
import { endSchedule, startSchedule } from "../schedule/start.ts";
import { inReach, newShop } from "../shop.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { timeZone } from "../value/time-zone.ts";
import { unfitGoods } from "./draft.ts";
import { GoodsPush } from "./push.ts";

const Said = z.strictObject({
  hour: z.int().min(0).max(23),
  zone: timeZone().optional(),
  push: GoodsPush,
  enabled: z.boolean().default(true),
});

/** When and how a shop tells of its goods of the day. */
export interface GoodsPlan {
  readonly id: number;
  readonly shop: string;
  readonly hour: number;
  readonly zone: string;
  readonly push: GoodsPush;
  readonly enabled: boolean;
  readonly updatedAt: number;
}

interface Row extends Omit<GoodsPlan, "push" | "enabled"> {
  readonly push: string;
  readonly enabled: number;
}

async function read(ctx: Context, where: SQL): Promise<GoodsPlan[]> {
  const found = await ctx.db.all<Row>(sql`
    SELECT id, shop, hour, zone, push, enabled, updated_at AS updatedAt FROM hot_goods_plan
    WHERE ${where} AND ${inReach(ctx, sql`shop`)} ORDER BY shop`);
  return found.map((row) => ({ ...row, enabled: row.enabled === 1, push: GoodsPush.parse(JSON.parse(row.push)) }));
}

export const listPlans = (ctx: Context) => read(ctx, sql`1`);
export const findPlan = async (ctx: Context, id: number) => (await read(ctx, sql`id = ${id}`))[0];

/**
 * Says when and how a shop tells of its goods of the day: the whole of it is replaced. It goes out without further
 * approval, so whoever says it must be one who may approve. INVALID_INPUT for what could not be sent.
 */
export async function setPlan(
  ctx: Context,
  { shop: asked, ...said }: z.input<typeof Said> & { shop?: string | undefined },
) {
  const shop = newShop(ctx, asked);
  if (isRefusal(shop)) return shop;
  const checked = parseInput(Said, said);
  if (isRefusal(checked)) return checked;
  const { hour, zone = ctx.settings.shopTimeZone, push, enabled } = checked;
  const sample = { name: "Tea", description: "Green", goods: "tea", keywords: ["tea"], id: 0 };
  const unfit = await unfitGoods(ctx, shop, push, sample);
  if (unfit) return unfit;
  return withTransaction(ctx, async (tx) => {
    const row = await tx.db.first<{ id: number }>(sql`
      INSERT INTO hot_goods_plan (shop, hour, zone, push, enabled, updated_at)
      VALUES (${shop}, ${hour}, ${zone}, ${JSON.stringify(push)}, ${enabled ? 1 : 0}, ${tx.clock()})
      ON CONFLICT (shop) DO UPDATE SET hour = excluded.hour, zone = excluded.zone, push = excluded.push,
        enabled = excluded.enabled, updated_at = excluded.updated_at RETURNING id`);
    const plan = row && (await findPlan(tx, row.id));
    if (!plan) throw new Error("the plan was not written");
    await tx.db.write([auditDeed(tx, subjectOf("hot-goods-plan", plan.id), "says when and how")]);
    if (enabled)
      await startSchedule(tx, { noun: "hotgoods", thing: plan.id, shop, name: "Hot goods", facts: daily(plan) });
    else await tx.db.write(endSchedule(tx, "hotgoods", plan.id));
    return plan;
  });
}

/** A day is made up for as long as it lasts. */
function daily({ hour, zone }: GoodsPlan): ScheduleFacts {
  return {
    recurrence: { cron: { line: `0 ${hour} * * *`, from: null, until: null } },
    zone,
    exclude: { dates: [], holidays: [] },
    jitterSeconds: 0,
    misfire: "RUN_IF_WITHIN",
    withinMinutes: Math.max(3, (24 - hour) * 60 - 1),
    overlap: "RUN_BOTH",
  };
}
