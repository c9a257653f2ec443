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
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { type Distribution, endedRows, readDistributions } from "./distribution.ts";
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
 * and quiet hours hold. Whoever started the distribution has decided on it, and its approval is this one's, too.
 */
export async function tellThose(ctx: Context, { distribution: id }: { readonly distribution: number }): Promise<void> {
  const system: Context = { ...ctx, actor: { kind: "system", job: "distribution-notice" } };
  const launched = await withTransaction(system, async (tx) => {
    const [distribution] = await readDistributions(
      tx,
      sql`id = ${id} AND state IN ('COMPLETED', 'CANCELLED') AND notice IS NOT NULL AND notice_campaign IS NULL`,
    );
    if (!distribution?.notice || endedRows(distribution, "ISSUED") === 0) return undefined;
    const template = await findTemplate(tx, distribution.template);
    if (!template) throw new Error(`coupon template ${distribution.template} is gone`);
    const draft = draftOf(template, distribution, distribution.notice);
    const reason = "those are told who were given a coupon by a file";
    const campaign = await launchDecided(tx, { ...draft, shop: distribution.shop, reason });
    if (isRefusal(campaign)) return campaign;
    await tx.db.write([
      sql`UPDATE distribution SET notice_campaign = ${campaign.id} WHERE id = ${id}`,
      auditDeed(tx, subjectOf("distribution", id), `told of by campaign ${campaign.id}`),
    ]);
    return campaign;
  });
  if (!isRefusal(launched)) return;
  ctx.log("error", "distribution.notice_refused", { distribution: id, reason: launched.message });
  await system.db.write([
    auditDeed(system, subjectOf("distribution", id), "nobody could be told", sql`1`, launched.message),
  ]);
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
