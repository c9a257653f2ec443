import { sql } from "drizzle-orm";
import { isExternal } from "../../channels/catalog.ts";
import type { Context } from "../../context.ts";
import { prepared } from "../../db/statement.ts";
import { enqueue } from "../../queue/outbox.ts";
import { capsOn } from "../caps/caps.ts";
import { messageChannels } from "../ledger/channel.ts";
import { type Page, writing } from "../ledger/page-rows.ts";
import { campaignPage } from "../messages.ts";
import { campaignSettings } from "../settings.ts";
import { openBatches } from "./batch-window.ts";
import { completeRun } from "./completion.ts";
import { frozenRun, matches } from "./frozen.ts";
import { holdGrown, isTooMany } from "./hold.ts";
import { channelStatements } from "./page-channel.ts";
import { countListed, listMembers, planOnceWritten, zoneOfPage } from "./page-members.ts";

/**
 * Writes one page of a run's ledger in one atomic batch: for every channel each matching member with its first state or
 * skip reason, the rows of local channels, the counts, and the first batches of external ones; before them what the run
 * gives. A page of a cancelled run is written, too, as cancelled, so that the run adds up. A page already written, or
 * of a paused run, is left alone. With more members than were agreed to nothing is written: the run waits, IN_REVIEW.
 */
export async function writePage(ctx: Context, input: { run: number; page: number }): Promise<void> {
  try {
    await write(ctx, input);
  } catch (error) {
    if (!isTooMany(error) || !(await holdGrown(ctx, input.run))) throw error;
  }
}

async function write(ctx: Context, input: { run: number; page: number }): Promise<void> {
  const frozen = await frozenRun(ctx, input.run);
  const { gives } = frozen.action;
  const { pageSize } = campaignSettings.of(ctx);
  const taken = await gives?.take(ctx, { ...input, most: pageSize });
  const zone = frozen.byClocks ? await zoneOfPage(ctx, input) : undefined;
  const now = ctx.clock();
  const page: Page = {
    ...input,
    matches: matches(frozen),
    endsAt: frozen.endsAt,
    now,
    zone: ctx.settings.shopTimeZone,
    isListed: zone !== undefined,
    isSkipped: zone?.isSkipped === true,
  };
  const channels = messageChannels(frozen.channels);
  const caps = await Promise.all(channels.map((channel) => capsOn(ctx, channel, frozen, now)));
  const list = zone ? listMembers(frozen, zone) : [];
  const before = [begin(input), ...list, ...(gives?.decide(page, taken) ?? [])];
  const issue = gives?.issue(page) ?? [];
  const results = await ctx.db.write([
    ...before,
    ...issue,
    ...(gives?.count(page) ?? []),
    ...channels.flatMap((channel, i) => channelStatements(ctx, page, frozen, channel, caps[i] ?? {})),
    countWritten(input),
    ...(zone ? countListed(zone) : []),
    end(input),
    ...(zone ? [planOnceWritten(ctx, page.run)] : []),
    ...channels.filter(isExternal).flatMap((channel) => openBatches(ctx, page.run, channel, pageSize)),
    ...completeRun(page.run, now),
  ]);
  // Nobody waits for it: what the gate does not hear now, the reaper tells it.
  void gives?.issued(ctx, results.slice(before.length, before.length + issue.length), taken);
}

interface PageKey {
  readonly run: number;
  readonly page: number;
}

const begin = prepared<PageKey>(
  ({ run, page }) => sql`
    UPDATE page SET state = 'WRITING' WHERE run = ${run} AND number = ${page} AND state = 'PLANNED'
      AND EXISTS (SELECT 1 FROM run WHERE id = ${run} AND state IN ('RUNNING', 'CANCELLING'))`,
);
const countWritten = prepared<PageKey>(
  (it) => sql`UPDATE run SET pages_written = pages_written + 1 WHERE id = ${it.run} AND ${writing(it)}`,
);
const end = prepared<PageKey>(
  ({ run, page }) =>
    sql`UPDATE page SET state = 'WRITTEN' WHERE run = ${run} AND number = ${page} AND state = 'WRITING'`,
);

/**
 * Writes the first page that reaches beyond the member `from` and is not written yet: the one that a planning step from
 * there leaves to its own job. So a run's messages are no more than its pages.
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
    // A page that cannot be written must not hold up planning: it gets a message of its own, and is parked like any
    // other.
    ctx.log("warn", "page.failed", { run, error });
    await ctx.db.write([enqueue(ctx, [campaignPage.of(page, { flow: "pages" })])]);
  }
}
