import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, factsOf, isExternal } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { couponsIssued } from "../../coupon/issue/issue.ts";
import type { Query } from "../../db/statement.ts";
import { enqueue } from "../../queue/outbox.ts";
import { couponPage } from "../action/coupon-page.ts";
import { countSends, type Pressure, pressureOn, withCaps } from "../caps/caps.ts";
import { inTime, quietHours, wakeUps } from "../caps/quiet-hours-deferral.ts";
import { couponChannel, type LedgerChannel, messageChannels } from "../ledger/channel.ts";
import { countIntoTally } from "../ledger/counts.ts";
import { type SkipReason, sharedAddressColumn, skipReason } from "../ledger/decision.ts";
import { bound, countMatched, firstStateOf, type Page, rowsOfPage, writing } from "../ledger/page-rows.ts";
import { campaignPage } from "../messages.ts";
import { openBatches } from "./batch-window.ts";
import { completeRun } from "./completion.ts";
import { type FrozenRun, frozenRun } from "./frozen.ts";
import { matches } from "./plan.ts";

/**
 * Writes one page of a run's ledger in one atomic batch: for every channel each matching member with its first state or skip reason,
 * the rows of local channels, the counts, and the first batches of external ones. A page of a cancelled run is written,
 * too, as cancelled, so that the run adds up. A page already written, or of a paused run, is left alone.
 */
export async function writePage(ctx: Context, input: { run: number; page: number }): Promise<void> {
  const frozen = await frozenRun(ctx, input.run);
  const now = ctx.clock();
  const page: Page = { ...input, frozen, now };
  const channels = messageChannels(frozen.channels);
  const pressures = await Promise.all(channels.map((channel) => pressureOn(ctx, channel, frozen, now)));
  const coupons = frozen.coupon?.kind === "COUPON_ISSUE" ? couponPage(page, frozen.coupon) : undefined;
  const before = [begin(page), ...(coupons?.decide ?? [])];
  const issue = coupons?.issue ?? [];
  const results = await ctx.db.write([
    ...before,
    ...issue,
    ...(coupons?.count ?? []),
    ...channels.flatMap((channel, i) => channelStatements(page, channel, i, pressures[i] ?? {})),
    sql`UPDATE run SET pages_written = pages_written + 1 WHERE id = ${page.run} AND ${writing(page)}`,
    sql`UPDATE page SET state = 'WRITTEN' WHERE run = ${page.run} AND number = ${page.page} AND state = 'WRITING'`,
    ...channels.filter(isExternal).flatMap((channel) => openBatches(ctx, page.run, channel, ctx.settings.pageSize)),
    ...completeRun(page.run, now),
  ]);
  if (frozen.coupon && coupons) {
    // Nobody waits for it: what the gate does not hear now, the reconciler tells it.
    void couponsIssued(ctx, frozen.coupon.template, results.slice(before.length, before.length + issue.length));
  }
}

function begin({ run, page }: Page): Query {
  return sql`
    UPDATE page SET state = 'WRITING' WHERE run = ${run} AND number = ${page} AND state = 'PLANNED'
      AND EXISTS (SELECT 1 FROM run WHERE id = ${run} AND state IN ('RUNNING', 'CANCELLING'))`;
}

/**
 * Writes the first page that reaches beyond the member `from` and is not written yet: the one that a planning step from there leaves to its own
 * job. So a run's messages are no more than its pages.
 */
export async function writePageBeyond(ctx: Context, { run, from }: { run: number; from: number }): Promise<void> {
  const first = await ctx.db.first<{ number: number }>(sql`
    SELECT number FROM page INDEXED BY page_unwritten
    WHERE run = ${run} AND state <> 'WRITTEN' AND state = 'PLANNED' AND to_seq > ${from} ORDER BY number LIMIT 1`);
  if (!first) return;
  const page = { run, page: first.number };
  try {
    await writePage(ctx, page);
  } catch (error) {
    // A page that cannot be written must not hold up planning: it gets a message of its own, is tried again and parked like any other.
    ctx.log("warn", "page.failed", { run, error });
    await ctx.db.write([enqueue([campaignPage.of(page, { flow: "pages" })], ctx.clock())]);
  }
}

function firstChannel({ channels }: FrozenRun): LedgerChannel {
  const [first] = channels;
  if (!first) throw new Error("a run has at least one channel");
  return first;
}

function channelStatements(page: Page, channel: ChannelName, position: number, pressure: Pressure): Query[] {
  const rows = rowsOfPage(page, channel);
  const counted = countIntoTally(rows);
  const isFirst = channel === firstChannel(page.frozen);
  const ledger = [insertLedger(page, channel, position, pressure), ...(isFirst ? [countMatched(page)] : [])];
  if (isExternal(channel)) {
    const putOff = sql`${rows} AND state = 'PENDING' AND reason = ${quietHours}`;
    const wake = pressure.quiet ? [wakeUps(page.run, putOff, page.now)] : [];
    return [...ledger, ...skipSharedAddresses(page, channel), counted, ...wake];
  }
  return [...ledger, ...countSends(sql`${rows} AND state = 'SENT'`, pressure), insertLocal(page, channel), counted];
}

function insertLedger(page: Page, channel: ChannelName, position: number, pressure: Pressure): Query {
  const { run, frozen, now } = page;
  // The first channel asks the filter; the others take the members it found, so that all agree.
  const members =
    channel === firstChannel(frozen)
      ? sql`member m NOT INDEXED WHERE m.seq > ${bound(page, "from_seq")} AND m.seq <= ${bound(page, "to_seq")} AND ${matches(frozen)}`
      : sql`send s JOIN member m ON m.seq = s.member WHERE ${rowsOfPage(page, firstChannel(frozen))}`;
  const first = firstState(frozen, channel, pressure);
  // LIMIT −1 keeps SQLite from merging the inner query, which would ask for the skip reason twice a row.
  return sql`
    INSERT OR IGNORE INTO send (run, channel, member, state, reason, at${first.column})
    SELECT ${run}, ${channel}, seq,
      ${firstStateOf(page, sql`WHEN skip IS NULL${first.unless} THEN ${first.ready}`)}, coalesce(skip${first.reason}, ''), ${now}${first.value}
    FROM (SELECT m.seq AS seq, ${skip(page, channel, position, pressure)} AS skip${first.asked} FROM ${members} LIMIT -1)`;
}

/**
 * What is ready at once, and what quiet hours add to it: sends that wait for their end from the start, so that a night costs no batches. They
 * are asked again, and caps for the first time, where a batch of an external channel is frozen.
 */
function firstState({ endsAt }: FrozenRun, channel: ChannelName, { quiet }: Pressure) {
  const ready = factsOf(channel).reach === "local" ? "SENT" : "PENDING";
  const [none, until] = [sql``, sql.raw("until")];
  if (!quiet) return { ready, column: none, unless: none, reason: none, value: none, asked: none };
  return {
    ready,
    column: sql`, due_at`,
    unless: sql` AND (until IS NULL OR ${inTime(until, endsAt)})`,
    reason: sql`, CASE WHEN until IS NOT NULL THEN ${quietHours} END`,
    value: sql`, until`,
    asked: sql`, ${quiet.until} AS until`,
  };
}

/** Why member `m` is skipped on a channel, or null; with FIRST_REACHABLE also because an earlier channel of the list takes it. */
function skip({ run, frozen, now }: Page, channel: ChannelName, position: number, pressure: Pressure): SQL {
  const asked = withoutCoupon(frozen, skipReason(channel, frozen, now));
  const reason = isExternal(channel) ? asked : withCaps(asked, pressure);
  if (frozen.reach === "EACH" || position === 0) return reason;
  const earlier = messageChannels(frozen.channels)
    .slice(0, position)
    .map((name) => sql`${name}`);
  return sql`
    CASE WHEN EXISTS (
      SELECT 1 FROM send e WHERE e.run = ${run} AND e.channel IN (${sql.join(earlier, sql`, `)}) AND e.member = m.seq AND e.state <> 'SKIPPED')
    THEN 'OTHER_CHANNEL' ELSE ${reason} END`;
}

/** Where coupons are given, messages are for those who got one: `s` is their row. */
function withoutCoupon({ channels }: FrozenRun, reason: SQL): SQL {
  if (channels[0] !== couponChannel) return reason;
  const none = sql.raw(`'${"NO_COUPON" satisfies SkipReason}'`);
  return sql`CASE WHEN s.state <> 'SENT' THEN ${none} ELSE ${reason} END`;
}

/**
 * Of several members with one address the first on the page stays, unless another page already holds one of them. Looks each address up
 * in its index (CROSS JOIN holds SQLite to that order; it would walk the ledger instead); pages may be written in any order.
 */
function skipSharedAddresses(page: Page, channel: ChannelName): Query[] {
  const address = sharedAddressColumn(channel);
  if (!address) return [];
  return [
    sql`
      UPDATE send SET state = 'SKIPPED', reason = 'DUPLICATE_ADDRESS'
      WHERE ${rowsOfPage(page, channel)} AND state = 'PENDING' AND EXISTS (
        SELECT 1 FROM member me CROSS JOIN member other ON other.${address} = me.${address} AND other.seq <> me.seq
          CROSS JOIN send o ON o.run = ${page.run} AND o.channel = ${channel} AND o.member = other.seq AND o.state <> 'SKIPPED'
        WHERE me.seq = send.member AND (other.seq < me.seq OR other.seq > ${bound(page, "to_seq")}))`,
  ];
}

function insertLocal(page: Page, channel: ChannelName): Query {
  const { run, frozen, now } = page;
  const reached = sql`send WHERE ${rowsOfPage(page, channel)} AND state = 'SENT'`;
  if (channel === "POPUP") {
    return sql`
      INSERT OR IGNORE INTO popup (member, run, priority, at, expires_at)
      SELECT member, ${run}, ${frozen.popupPriority}, ${now}, ${frozen.endsAt} FROM ${reached}`;
  }
  return sql`INSERT OR IGNORE INTO inbox (member, run, at) SELECT member, ${run}, ${now} FROM ${reached}`;
}
