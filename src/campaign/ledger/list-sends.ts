import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isCampaignInReach } from "../reach.ts";
import { type LedgerChannel, ledgerChannels } from "./channel.ts";
import type { SendState } from "./send-state.ts";

/** A row of the ledger as lists have it. */
export interface SendRow {
  readonly run: number;
  /** The member's `seq`. */
  readonly member: number;
  readonly channel: LedgerChannel;
  readonly state: SendState;
  /** Empty where the state says it all. */
  readonly reason: string;
  /** When it came into that state (ms). */
  readonly at: number;
  /** PENDING with a reason: not before (ms). */
  readonly due_at: number | null;
  readonly tries: number;
  readonly provider_id: string | null;
  readonly progress: number;
  readonly batch_state: string | null;
}

/** What of the ledger is asked for. */
export interface SendFilter {
  readonly channel?: LedgerChannel | undefined;
  readonly state?: SendState | undefined;
  readonly reason?: string | undefined;
}

const columns = sql.raw(`s.run, s.member, s.channel, s.state, s.reason, s.at, s.due_at, s.tries, s.provider_id,
  s.progress, (SELECT state FROM batch WHERE seq = s.batch) AS batch_state`);

/** Runs, or members of one, looked at in one go, before others get their turn. */
const runsInStretch = 200;
const membersInStretch = 5_000;

/** Where in a list a row stands: whole numbers that grow with each row. */
export function placeInRun({ channel, member }: Pick<SendRow, "channel" | "member">): number {
  return ledgerChannels.indexOf(channel) * membersMost + member;
}
const membersMost = 10 ** 12;

/** The same in a member's list, in which they shrink. */
export function placeOfMember({ run, channel }: Pick<SendRow, "run" | "channel">): number {
  return run * ledgerChannels.length + ledgerChannels.length - 1 - ledgerChannels.indexOf(channel);
}

/**
 * What became of all sends to a member, those of the newest run first, as far as the actor may know of them. There is
 * no index by member, for it would slow every page: each run is asked along its key, two hundred at a time.
 */
export async function sendsOfMember(
  ctx: Context,
  input: SendFilter & { member: number; campaign?: number | undefined; after?: number | undefined; limit: number },
): Promise<SendRow[]> {
  const found: SendRow[] = [];
  const after = input.after ?? Number.MAX_SAFE_INTEGER;
  let below = Math.floor(after / ledgerChannels.length) + 1;
  for (;;) {
    const runs = await ctx.db.all<{ id: number }>(sql`
      SELECT id FROM run WHERE id < ${below} AND ${input.campaign ? sql`campaign = ${input.campaign}` : sql`1`}
        AND ${isCampaignInReach(ctx, sql`run.campaign`)}
      ORDER BY id DESC LIMIT ${runsInStretch}`);
    const rows = await ctx.db.all<SendRow>(sql`
      SELECT ${columns} FROM json_each(${JSON.stringify(runs.map(({ id }) => id))}) l CROSS JOIN run r ON r.id = l.value
        CROSS JOIN json_each(r.frozen, '$.channels') c
        CROSS JOIN send s ON s.run = r.id AND s.channel = c.value AND s.member = ${input.member}
      WHERE ${filterOf(input)}`);
    const inOrder = rows.toSorted((a, b) => placeOfMember(b) - placeOfMember(a));
    found.push(...inOrder.filter((row) => placeOfMember(row) < after));
    if (found.length >= input.limit || runs.length < runsInStretch) return found.slice(0, input.limit);
    below = runs.at(-1)?.id ?? 0;
    await turnOfOthers(ctx);
  }
}

/**
 * The sends of a run, channel by channel, by the members' arrival. Those that FAILED or are UNKNOWN lie together in an
 * index; others are looked for along the key, some thousand members at a time.
 */
export async function sendsOfRun(
  ctx: Context,
  input: SendFilter & { run: number; maxSeq: number; after?: number | undefined; limit: number },
): Promise<SendRow[]> {
  const after = input.after ?? -1;
  const found: SendRow[] = [];
  for (const channel of await channelsWith(ctx, input)) {
    const begin = ledgerChannels.indexOf(channel) * membersMost;
    if (begin + membersMost <= after) continue;
    let last = Math.max(0, after - begin);
    while (found.length < input.limit && last < input.maxSeq) {
      const to = isDense(input) ? input.maxSeq : last + membersInStretch;
      const range = sql`s.member > ${last} AND s.member <= ${to}`;
      found.push(...(await readRun(ctx, { ...input, channel, range, limit: input.limit - found.length })));
      last = to;
      if (last < input.maxSeq) await turnOfOthers(ctx);
    }
  }
  return found;
}

/** Whether they lie together in the index `send_lost`, which SQLite takes only when it is told. */
function isLost({ state }: SendFilter): boolean {
  return state === "FAILED" || state === "UNKNOWN";
}

/** Whether next to each other lie the rows asked for and no others. */
function isDense(filter: SendFilter): boolean {
  return filter.reason === undefined && (filter.state === undefined || isLost(filter));
}

function readRun(ctx: Context, input: SendFilter & { run: number; range: SQL; limit: number }): Promise<SendRow[]> {
  return ctx.db.all<SendRow>(sql`
    SELECT ${columns} FROM ${isLost(input) ? sql`send s INDEXED BY send_lost` : sql`send s`}
    WHERE s.run = ${input.run} AND ${filterOf(input)} AND ${input.range}
    ORDER BY s.member LIMIT ${input.limit}`);
}

/** The channels on which the run has such sends, by its sums. */
async function channelsWith(ctx: Context, input: SendFilter & { run: number }): Promise<LedgerChannel[]> {
  const found = await ctx.db.all<{ channel: LedgerChannel }>(sql`
    SELECT s.channel FROM tally s WHERE s.run = ${input.run} AND ${filterOf(input)}
    GROUP BY s.channel HAVING sum(s.n) > 0`);
  return found.map(({ channel }) => channel).sort((a, b) => ledgerChannels.indexOf(a) - ledgerChannels.indexOf(b));
}

/** How many sends of a run these are; costs the same at any size. */
export async function countSendsOfRun(ctx: Context, input: SendFilter & { run: number }): Promise<number> {
  const counted = await ctx.db.first<{ n: number | null }>(
    sql`SELECT sum(s.n) AS n FROM tally s WHERE s.run = ${input.run} AND ${filterOf(input)}`,
  );
  return counted?.n ?? 0;
}

/** States are spelt out: the conditions of partial indexes are not compared with values that are bound. */
function filterOf({ channel, state, reason }: SendFilter): SQL {
  return sql.join(
    [
      channel === undefined ? sql`1` : sql`s.channel = ${channel}`,
      state === undefined ? sql`1` : sql.raw(`s.state = '${state}'`),
      reason === undefined ? sql`1` : sql`s.reason = ${reason}`,
    ],
    sql` AND `,
  );
}

function turnOfOthers({ timers }: Context): Promise<void> {
  return new Promise((resolve) => timers.soon(resolve));
}
