import { sql } from "drizzle-orm";
import type { Context, Retention } from "../context.ts";
import { forgetOnWalk, type Place } from "../db/walk.ts";
import { perApp } from "../memory.ts";
import { forgottenCounts } from "./caps/caps.ts";
import { forgetResponses } from "./ledger/response.ts";
import { forgetBatches, forgetSends } from "./ledger/retention.ts";
import { campaignSettings } from "./settings.ts";

/** Rows forgotten in one go at most; of inboxes and caps, rows looked at. */
const rowLimit = 10_000;
/** How long finished batches are kept, in milliseconds. */
const batchKeepMs = 3 * 24 * 3_600_000;

const inboxKept = "180 days, 500 a member at most (INBOX_DAYS, INBOX_MAX)";

/** What campaigns keep for a time only. */
export const campaignKeeps: readonly Retention[] = [
  {
    name: "sends",
    kept: "400 days after their run ended (LEDGER_DAYS); its sums for ever",
    forget: async (ctx) => {
      const endedBefore = ctx.clock() - campaignSettings.of(ctx).ledgerKeepMs;
      const [result] = await ctx.db.write([forgetSends({ endedBefore, limit: rowLimit })]);
      return result?.rowsAffected ?? 0;
    },
  },
  {
    name: "responses",
    kept: "as long as sends; their sums for ever",
    forget: async (ctx) => {
      const endedBefore = ctx.clock() - campaignSettings.of(ctx).ledgerKeepMs;
      return (await ctx.db.write([forgetResponses({ endedBefore, limit: rowLimit })]))[0]?.rowsAffected ?? 0;
    },
  },
  {
    name: "batches",
    kept: "3 days",
    forget: async (ctx) => {
      const [result] = await ctx.db.write([forgetBatches(ctx.clock() - batchKeepMs)]);
      return result?.rowsAffected ?? 0;
    },
  },
  {
    name: "caps",
    kept: "what members were sent, a week",
    forget: forgetCounts,
  },
  {
    name: "zoneMoves",
    kept: "who changed time zones during a run by members' clocks, until that is over",
    forget: async (ctx) => (await ctx.db.write([forgetMoves(ctx.clock())]))[0]?.rowsAffected ?? 0,
  },
  { name: "inbox", kept: inboxKept, forget: (ctx) => forgetMessages(ctx, "inbox") },
  { name: "popups", kept: inboxKept, forget: (ctx) => forgetMessages(ctx, "popup") },
];

/** What failed may be replayed for a month, and then those count who have moved. */
const replayedMs = 30 * 24 * 3_600_000;

function forgetMoves(now: number) {
  return sql`
    DELETE FROM zone_move WHERE (run, member) IN (
      SELECT v.run, v.member FROM zone_move v JOIN run r ON r.id = v.run
      WHERE r.state IN ('COMPLETED', 'CANCELLED') OR (r.state = 'FAILED' AND r.completed_at < ${now - replayedMs})
      LIMIT ${rowLimit})`;
}

function forgetCounts(ctx: Context): Promise<number> {
  const place = perApp(ctx, "campaign.walk.pressure", (): Place => ({ after: 0 }));
  const walk = { table: sql`pressure`, key: sql`member`, rows: rowLimit };
  return forgetOnWalk(ctx.db, place, walk, (stretch) => forgottenCounts(ctx, stretch));
}

/** Of the members in the next stretch: what is too old, and the oldest of too many. */
function forgetMessages(ctx: Context, name: "inbox" | "popup"): Promise<number> {
  const { inboxKeepMs, inboxMax } = campaignSettings.of(ctx);
  const table = sql.raw(name);
  const place = perApp(ctx, `campaign.walk.${name}`, (): Place => ({ after: 0 }));
  const walk = { table, key: sql`member`, rows: rowLimit };
  return forgetOnWalk(
    ctx.db,
    place,
    walk,
    (stretch) => sql`
      ${stretch} AND (at < ${ctx.clock() - inboxKeepMs} OR (member, run) IN (
        SELECT member, run FROM (
          SELECT member, run, row_number() OVER (PARTITION BY member ORDER BY run DESC) AS place
          FROM ${table} WHERE ${stretch}) WHERE place > ${inboxMax}))`,
  );
}
