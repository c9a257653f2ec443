import { sql } from "drizzle-orm";
import { messageIssues } from "../campaign/action/index.ts";
import { notify } from "../campaign/action/notify.ts";
import { houseContent } from "../campaign/content/house-texts.ts";
import { launchDecided } from "../campaign/control/launch-decided.ts";
import type { CampaignDraft } from "../campaign/draft/campaign.ts";
import { type Context, withTransaction } from "../context.ts";
import type { CouponTemplate } from "../coupon/table.ts";
import { findTemplate } from "../coupon/template/template.ts";
import { type Issue, isRefusal } from "../errors.ts";
import type { Message } from "../queue/message.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { type Distribution, endedRows, readDistributions } from "./distribution.ts";
import { distributionNotice } from "./messages.ts";
import type { Notice } from "./notice.ts";

/** What is wrong with how those are to be told who get a coupon of a template. */
export async function noticeIssues(
  ctx: Context,
  { id, shop }: Pick<CouponTemplate, "id" | "shop">,
  { channels, content }: Notice,
): Promise<Issue[]> {
  const choice = { shop, kind: notify.kind, couponTemplate: id, promotion: null };
  const found = await messageIssues(ctx, choice, { ...houseContent("GIVEN", channels), ...content }, channels);
  return found.map(({ path, message }) => ({ path: `notice.${path}`, message }));
}

/**
 * Tells those who got a coupon, once, however often it is asked for: by a campaign, so that what they agreed to, caps
 * and quiet hours hold. Whoever started the distribution has decided on it, and its approval is this one's, too. It is
 * decided for good, also where nobody got one or the campaign is refused.
 */
export async function tellThose(ctx: Context, { distribution: id }: { readonly distribution: number }): Promise<void> {
  const system: Context = { ...ctx, actor: { kind: "system", job: "distribution-notice" } };
  const launched = await withTransaction(system, async (tx) => {
    const [distribution] = await readDistributions(tx, sql`id = ${id} AND ${isUntold}`);
    return distribution?.notice ? launchOf(tx, distribution, distribution.notice) : undefined;
  });
  if (!isRefusal(launched)) return;
  ctx.log("error", "distribution.notice_refused", { distribution: id, reason: launched.message });
  await system.db.write([
    isDecided(system, id),
    auditDeed(system, subjectOf("distribution", id), "nobody could be told", sql`changes() = 1`, launched.message),
  ]);
}

/** Distributions that have ended, and of which it is not decided who is told. */
const isUntold = sql`
  notice IS NOT NULL AND told_at IS NULL AND started_at IS NOT NULL AND state IN ('COMPLETED', 'CANCELLED')`;

const isDecided = ({ clock }: Context, id: number) =>
  sql`UPDATE distribution SET told_at = ${clock()} WHERE id = ${id} AND told_at IS NULL`;

async function launchOf(tx: Context, distribution: Distribution, notice: Notice) {
  const { id, shop } = distribution;
  await tx.db.write([isDecided(tx, id)]);
  if (endedRows(distribution, "ISSUED") === 0) return undefined;
  const template = await findTemplate(tx, distribution.template);
  if (!template) throw new Error(`coupon template ${distribution.template} is gone`);
  const reason = "those are told who were given a coupon by a file";
  const campaign = await launchDecided(tx, { ...draftOf(template, distribution, notice), shop, reason });
  if (isRefusal(campaign)) return campaign;
  await tx.db.write([
    sql`UPDATE distribution SET notice_campaign = ${campaign.id} WHERE id = ${id}`,
    auditDeed(tx, subjectOf("distribution", id), `told of by campaign ${campaign.id}`),
  ]);
  return campaign;
}

/** The messages of which nothing came since a time (ms): those who got a coupon are not told yet. */
export async function lostNotices(ctx: Context, before: number): Promise<Message[]> {
  const lost = await ctx.db.all<{ id: number }>(sql`
    SELECT id FROM distribution INDEXED BY distribution_untold
    WHERE ${isUntold} AND updated_at < ${before} ORDER BY updated_at LIMIT 100`);
  return lost.map(({ id }) => distributionNotice.of({ distribution: id }));
}

function draftOf(
  template: CouponTemplate,
  { id }: Distribution,
  { channels, topic, reach, content }: Notice,
): CampaignDraft {
  return {
    name: template.name,
    kind: notify.kind,
    couponTemplate: template.id,
    topic,
    audience: { filter: { distribution: { row: id } } },
    channels,
    reach,
    content: { ...houseContent("GIVEN", channels), ...content },
  };
}
