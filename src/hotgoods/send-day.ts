import { sql } from "drizzle-orm";
import { compileAudience, liveMember } from "../audience/audience.ts";
import { launchDecided } from "../campaign/control/launch-decided.ts";
import { type Context, withTransaction } from "../context.ts";
import { isRefusal } from "../errors.ts";
import { draftOfGoods, unfitGoods } from "./draft.ts";
import { type HotGoods, readGoods } from "./goods.ts";
import { findPlan, type GoodsPlan } from "./plan.ts";

/** Members looked at in one transaction: bounds for how long the database is busy. */
const stretch = 20_000;

/**
 * Tells of a day's goods. The rows are gone through from the highest priority on, and each takes the members that its
 * persona selects and none before it has: UNIQUE by day and member, so that whoever comes twice, or was killed on the
 * way, sends nobody a second one. A row's campaign begins in the transaction that ends its choice. Rows without a
 * persona, of days that are over, or that cannot be sent are skipped, and say so.
 */
export async function sendDay(ctx: Context, { plan: id, day }: { readonly plan: number; readonly day: string }) {
  const system: Context = { ...ctx, actor: { kind: "system", job: "hot-goods" } };
  const plan = await findPlan(system, id);
  const isOpen = sql`SELECT 1 FROM hot_goods_day WHERE plan = ${id} AND day = ${day}`;
  if (!plan || (await system.db.first(isOpen)) === undefined) return;
  if (plan.enabled) {
    await system.db.write([skipped(sql`shop = ${plan.shop} AND day < ${day}`, "LATE", system.clock())]);
    const planned = sql`shop = ${plan.shop} AND day = ${day} AND state = 'PLANNED' ORDER BY priority DESC, id`;
    for (const row of await readGoods(system, planned)) await sendRow(system, plan, row);
  }
  await system.db.write([sql`DELETE FROM hot_goods_day WHERE plan = ${id} AND day = ${day}`]);
}

async function sendRow(ctx: Context, plan: GoodsPlan, row: HotGoods): Promise<void> {
  const reason = await whyNot(ctx, plan, row);
  if (reason === undefined) await choose(ctx, row);
  const told = await withTransaction(ctx, (tx) => endRow(tx, plan, row, reason));
  if (!isRefusal(told)) return;
  ctx.log("error", "hot_goods.refused", { goods: row.id, reason: told.message });
  await ctx.db.write([skipped(sql`id = ${row.id}`, told.message, ctx.clock())]);
}

async function whyNot(ctx: Context, { push, shop }: GoodsPlan, row: HotGoods): Promise<string | undefined> {
  if (row.persona === null) return "NO_PERSONA";
  if (isRefusal(ctx.audience.parse(row.persona))) return "BAD_PERSONA";
  return (await unfitGoods(ctx, shop, push, row))?.message;
}

/** Takes the members of its persona whom no other goods of the day have. */
async function choose(ctx: Context, { id, day, shop, persona }: HotGoods): Promise<void> {
  const audience = ctx.audience.parse(persona);
  if (isRefusal(audience)) throw new Error(`the persona of goods ${id} cannot be read`);
  const env = { asOf: ctx.clock(), timeZone: ctx.settings.shopTimeZone, shop };
  const matches = compileAudience(audience, env);
  const highest = await ctx.db.first<{ seq: number | null }>(sql`SELECT max(seq) AS seq FROM member`);
  for (let from = 0; from < (highest?.seq ?? 0); from += stretch)
    await ctx.db.write([
      sql`
        INSERT INTO hot_goods_mark (day, member, goods)
        SELECT ${day}, m.seq, ${id} FROM member m NOT INDEXED
        WHERE m.seq > ${from} AND m.seq <= ${from + stretch} AND ${liveMember}
          AND EXISTS (SELECT 1 FROM hot_goods h WHERE h.id = ${id} AND h.state = 'PLANNED')
          AND NOT EXISTS (SELECT 1 FROM hot_goods_mark k WHERE k.day = ${day} AND k.member = m.seq) AND ${matches}
        ON CONFLICT DO NOTHING`,
    ]);
}

async function endRow(tx: Context, { push, shop }: GoodsPlan, row: HotGoods, reason: string | undefined) {
  const now = tx.clock();
  if (reason !== undefined) return void (await tx.db.write([skipped(sql`id = ${row.id}`, reason, now)]));
  const ended = await tx.db.first<{ members: number }>(sql`
    UPDATE hot_goods SET state = 'SENT', updated_at = ${now},
      members = (SELECT count(*) FROM hot_goods_mark WHERE goods = ${row.id})
    WHERE id = ${row.id} AND state = 'PLANNED' RETURNING members`);
  if (!ended) return undefined;
  if (ended.members === 0) {
    const nobody = sql`UPDATE hot_goods SET state = 'SKIPPED', reason = 'NOBODY' WHERE id = ${row.id}`;
    return void (await tx.db.write([nobody]));
  }
  const draft = draftOfGoods(tx, push, row);
  const campaign = await launchDecided(tx, { ...draft, shop, reason: "goods of the day" });
  if (isRefusal(campaign)) return campaign;
  await tx.db.write([sql`UPDATE hot_goods SET campaign = ${campaign.id} WHERE id = ${row.id}`]);
  return campaign;
}

function skipped(where: ReturnType<typeof sql>, reason: string, now: number) {
  return sql`
    UPDATE hot_goods SET state = 'SKIPPED', reason = ${reason}, updated_at = ${now}
    WHERE ${where} AND state = 'PLANNED'`;
}
