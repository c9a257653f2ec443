import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, isExternal, isLocal } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { prepared, type Query } from "../../db/statement.ts";
import { type ChannelCaps, countSends, withCaps } from "../caps/caps.ts";
import { wakeUps } from "../caps/quiet-hours-deferral.ts";
import { addSends, skipAdded } from "../ledger/add-sends.ts";
import { type LedgerChannel, messageChannels } from "../ledger/channel.ts";
import { countMostlySent, countPage } from "../ledger/counts.ts";
import { sharedAddressColumn, skipReason } from "../ledger/decision.ts";
import { audienceOf, bound, countMatched, ofPageRows, type Page, rowsOfPage, skippedOn } from "../ledger/page-rows.ts";
import { countReached } from "../ledger/reached.ts";
import { reasonText } from "../ledger/skip-reason.ts";
import { decisionFacts, type FrozenRun } from "./frozen.ts";

/** The statements that write a page's sends on one channel, and count them. */
export function channelStatements(
  ctx: Context,
  page: Page,
  frozen: FrozenRun,
  channel: ChannelName,
  caps: ChannelCaps,
): Query[] {
  const rows = rowsOfPage(page, channel);
  const isFirst = channel === firstChannel(frozen);
  const added = [newSends(page, frozen, channel, caps), ...(isFirst ? [countMatched(page)] : [])];
  if (isExternal(channel)) {
    const deferred = sql`${rows} AND state = 'PENDING' AND reason = ${reasonText("QUIET_HOURS")}`;
    const wake = caps.quiet ? [wakeUps(ctx, page.run, deferred)] : [];
    return [...added, ...skipSharedAddresses(page, channel), ...countPage(page, channel), ...wake];
  }
  const sent = sql`${rows} AND state = 'SENT'`;
  const reached = countReached(page.run, sent);
  return [
    ...added,
    ...countSends(sent, caps),
    insertLocal(page, frozen, channel),
    ...countMostlySent(page, channel),
    reached,
  ];
}

/** The first channel asks the filter; the others take the members it found, so that all agree. */
function firstChannel({ channels }: FrozenRun): LedgerChannel {
  const [first] = channels;
  if (!first) throw new Error("a run has at least one channel");
  return first;
}

/**
 * Quiet hours and, on external channels, caps are asked again where a batch is frozen: those whom they defer wait from
 * the start, so that a night costs no batches.
 */
function newSends(page: Page, frozen: FrozenRun, channel: ChannelName, caps: ChannelCaps): Query {
  const first = firstChannel(frozen);
  const found = sql`send s JOIN member m ON m.seq = s.member WHERE ${rowsOfPage(page, first)}`;
  return addSends(page, {
    channel,
    members: channel === first ? audienceOf(page) : found,
    skip: skip(page, frozen, channel, caps),
    ready: isLocal(channel) ? "SENT" : "PENDING",
    quietUntil: caps.quiet?.until,
  });
}

/** Why member `m` is skipped; with FIRST_REACHABLE also because an earlier channel of the list takes it. */
function skip(page: Page, frozen: FrozenRun, channel: ChannelName, caps: ChannelCaps): SQL {
  const { run, now } = page;
  const asked = skippedOn(page, forReceivers(frozen, skipReason(channel, decisionFacts(frozen, now), now)));
  const reason = isExternal(channel) ? asked : withCaps(asked, caps);
  const channels = messageChannels(frozen.channels);
  const earlier = channels.slice(0, channels.indexOf(channel)).map((name) => sql`${name}`);
  if (frozen.reach === "EACH" || earlier.length === 0) return reason;
  const taken = sql`
    EXISTS (SELECT 1 FROM send e WHERE e.run = ${run} AND e.channel IN (${sql.join(earlier, sql`, `)})
      AND e.member = m.seq AND e.state <> 'SKIPPED')`;
  return sql`CASE WHEN ${taken} THEN ${reasonText("OTHER_CHANNEL")} ELSE ${reason} END`;
}

/** Where the run gives something, messages are for those who got it: `s` is their row. */
function forReceivers({ action: { gives } }: FrozenRun, reason: SQL): SQL {
  if (!gives) return reason;
  return sql`CASE WHEN s.state <> 'SENT' THEN ${sql.raw(`'${gives.missing}'`)} ELSE ${reason} END`;
}

/**
 * Of several members with one address the first on the page stays, unless another page already holds one of them. Looks
 * each address up in its index (CROSS JOIN holds SQLite to that order; it would walk the ledger instead); pages may be
 * written in any order.
 */
function skipSharedAddresses(page: Page, channel: ChannelName): Query[] {
  const address = sharedAddressColumn(channel);
  if (!address) return [];
  const shared = sql`${rowsOfPage(page, channel)} AND state = 'PENDING' AND EXISTS (
    SELECT 1 FROM member me CROSS JOIN member other ON other.${address} = me.${address} AND other.seq <> me.seq
      CROSS JOIN send o
        ON o.run = ${page.run} AND o.channel = ${channel} AND o.member = other.seq AND o.state <> 'SKIPPED'
    WHERE me.seq = send.member AND (other.seq < me.seq OR ${isElsewhere(page)}))`;
  return [skipAdded(shared, reasonText("DUPLICATE_ADDRESS"))];
}

/** Member `other` behind `me` is not on the page, and so on another. */
function isElsewhere(page: Page): SQL {
  return page.isListed
    ? sql`other.seq NOT IN (SELECT seq FROM page_member)`
    : sql`other.seq > ${bound(page, "to_seq")}`;
}

/** What the shop's app reads. */
function insertLocal({ run, page, now, isListed }: Page, frozen: FrozenRun, channel: ChannelName): Query {
  if (channel !== "POPUP") return intoInbox({ run, page, channel, now, isListed });
  const { popupPriority: priority, endsAt } = frozen;
  return intoPopup({ run, page, channel, now, priority, endsAt, isListed });
}

interface Local {
  readonly run: number;
  readonly page: number;
  readonly channel: ChannelName;
  readonly now: number;
}

const intoInbox = ofPageRows((rows) =>
  prepared<Local>(
    (it) => sql`
      INSERT OR IGNORE INTO inbox (member, run, at)
      SELECT member, ${it.run}, ${it.now} FROM send WHERE ${rows(it, it.channel)} AND state = 'SENT'`,
  ),
);
const intoPopup = ofPageRows((rows) =>
  prepared<Local & { priority: number; endsAt: number | null }>(
    (it) => sql`
      INSERT OR IGNORE INTO popup (member, run, priority, at, expires_at)
      SELECT member, ${it.run}, ${it.priority}, ${it.now}, ${it.endsAt}
      FROM send WHERE ${rows(it, it.channel)} AND state = 'SENT'`,
  ),
);
