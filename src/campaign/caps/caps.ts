import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, isExternal } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { markCounted } from "../ledger/batch-rows.ts";
import { reasonText } from "../ledger/skip-reason.ts";
import { type CapsPolicy, capsPolicies } from "./policy.ts";
import { localDay, type QuietHours, quietEnd, quietEnds } from "./quiet-hours.ts";

/**
 * What frequency caps and quiet hours say of a channel at one moment; each is absent where none applies, and then costs
 * nothing.
 */
export interface ChannelCaps {
  readonly frequency?: FrequencyCaps;
  readonly quiet?: Quiet;
}

/** Quiet hours as SQL expressions over member `m`. */
interface Quiet {
  /** When the hours that are on now end (ms); null where none are on. */
  readonly until: SQL;
  /** Whether the member's zone is registered: of others nobody knows yet whether they are quiet. */
  readonly isKnown: SQL;
}

/**
 * Frequency caps: a send counts on the day on which it is decided, by the calendar of the shop's zone (so that all
 * channels and processes count alike), and a week is that day with the six before it. It is decided and counted in one
 * transaction: for a local channel where its page is written, for an external one where its batch is frozen. There is
 * one writer at a time, so no two runs can both take a member's last place.
 *
 * A send holds its place from then on, and for good once it is SENT or UNKNOWN, which may be sent. When it goes back to
 * PENDING (its batch is dissolved, or the provider surely did not take it), is CANCELLED or FAILED, a trigger on the
 * ledger gives the place back, on the day on which it was taken. Sends count for as long as some cap covers their
 * channel: a first cap begins with none.
 */
interface FrequencyCaps {
  readonly channel: ChannelName;
  readonly day: number;
  /** Whether member `m` has had as many as allowed; null as good as no. */
  readonly reached: SQL;
}

/** Transactional campaigns are exempt from both; quiet hours are for what rings, an inbox does not. */
export async function capsOn(
  ctx: Context,
  channel: ChannelName,
  { transactional, endsAt }: { readonly transactional: boolean; readonly endsAt: number | null },
  now: number,
): Promise<ChannelCaps> {
  const policies = transactional ? [] : await capsPolicies(ctx);
  const own = policies.find((each) => each.channel === channel);
  const all = policies.find((each) => each.channel === null);
  const day = localDay(ctx.settings.shopTimeZone, now);
  const reached = reachedOf([...(own ? [own] : []), ...(all ? [all] : [])], day);
  const hours = isExternal(channel) && (endsAt === null || now < endsAt) ? (hoursOf(own) ?? hoursOf(all)) : undefined;
  return {
    ...(reached && { frequency: { channel, day, reached } }),
    ...(hours && { quiet: quietOf(hours, ctx.settings.shopTimeZone, now) }),
  };
}

/**
 * The SQL condition that member `m` has had as many as these policies allow, the channel's own and that of all: all
 * bounds are read off one walk of what counts of the member. Undefined where nothing is bounded.
 */
function reachedOf(policies: readonly CapsPolicy[], day: number): SQL | undefined {
  const bounds = policies.flatMap(({ channel, perDay, perWeek }) => [
    { channel, most: perDay, days: 1 },
    { channel, most: perWeek, days: 7 },
  ]);
  const set = bounds.filter(({ most }) => most !== null);
  if (set.length === 0) return undefined;
  const longest = Math.max(...set.map(({ days }) => days));
  const [only] = new Set(set.map(({ channel }) => channel)).size === 1 ? set : [];
  const counted = set.map(({ channel, most, days }) => {
    const where = [
      ...(days < longest ? [sql`p.day = ${day}`] : []),
      ...(channel !== null && !only ? [sql`p.channel = ${channel}`] : []),
    ];
    const n = where.length > 0 ? sql`CASE WHEN ${sql.join(where, sql` AND `)} THEN p.n END` : sql`p.n`;
    return sql`sum(${n}) >= ${most}`;
  });
  const ofChannel = only && only.channel !== null ? sql` AND p.channel = ${only.channel}` : sql``;
  const days = longest === 1 ? sql`p.day = ${day}` : sql`p.day > ${day - 7}`;
  return sql`(
    SELECT ${sql.join(counted, sql` OR `)} FROM pressure p WHERE p.member = m.seq${ofChannel} AND ${days})`;
}

function hoursOf(policy: CapsPolicy | undefined): QuietHours | undefined {
  const { quietFrom = null, quietTo = null } = policy ?? {};
  return quietFrom === null || quietTo === null ? undefined : { from: quietFrom, to: quietTo };
}

/**
 * SQLite knows no zones: it is handed the answer for each of them. Most members have none of their own: they are quick.
 */
function quietOf(hours: QuietHours, shopZone: string, now: number): Quiet {
  const ends = quietEnds(hours, shopZone, now);
  const ofShop = quietEnd(hours, shopZone, now) ?? 0;
  const end = sql`CASE WHEN m.time_zone IS NULL THEN ${ofShop} ELSE (${ends} ->> ('$."' || m.time_zone || '"')) END`;
  return { until: sql`nullif(${end}, 0)`, isKnown: sql`(${end}) IS NOT NULL` };
}

/**
 * The skip reason of member `m` with the caps in it; they come last, for they may be free again by a deferred send's
 * time.
 */
export function withCaps(reason: SQL, { frequency }: ChannelCaps): SQL {
  return frequency ? sql`coalesce(${reason}, CASE WHEN ${frequency.reached} THEN ${reasonText("CAPPED")} END)` : reason;
}

/** Counts the sends that `where` selects against their members' caps; `where` must select each of them once. */
export function countSends(where: SQL, { frequency }: ChannelCaps): Query[] {
  if (!frequency) return [];
  const { channel, day } = frequency;
  return [
    sql`
      INSERT INTO pressure (member, channel, day, n) SELECT member, ${channel}, ${day}, 1 FROM send WHERE ${where}
      ON CONFLICT DO UPDATE SET n = n + 1`,
  ];
}

/** {@link countSends} for sends that may yet come back: each remembers the day on which it counts. */
export function takePlaces(where: SQL, caps: ChannelCaps): Query[] {
  if (!caps.frequency) return [];
  return [markCounted(where, caps.frequency.day), ...countSends(where, caps)];
}

/** Of the members in a stretch of `pressure`: the counts of days that no cap looks back at any more. */
export function forgottenCounts(ctx: Context, stretch: SQL): SQL {
  return sql`${stretch} AND day < ${localDay(ctx.settings.shopTimeZone, ctx.clock()) - 7}`;
}
