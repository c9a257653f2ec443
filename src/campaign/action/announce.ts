import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { allOf } from "../../audience/term.ts";
import type { Context } from "../../context.ts";
import type { Issue } from "../../errors.ts";
import { promiseIssues } from "../../promotion/promise.ts";
import { findPromotion } from "../../promotion/promotion.ts";
import { mayName } from "../../shop.ts";
import { subjectOf } from "../../transition/audit.ts";
import { versionOf, versionsOf } from "../../transition/revision.ts";
import { contentPurposes } from "../content/purposes.ts";
import type { ActionChoice, Readiness } from "./action.ts";
import { unwantedTemplate } from "./coupon-choice.ts";
import { defineAction } from "./define.ts";
import { AnnouncedPromotion, announcedPromotion, couponTemplatesOf, promotionScope } from "./promotion-offer.ts";

const Facts = z.object({
  /** That it tells of, as it was when the run began, and the versions of all that is told. */
  promotion: z
    .object({ id: z.int(), versions: z.record(z.string(), z.int()), offer: AnnouncedPromotion })
    .nullable()
    .default(null),
});
type Facts = z.infer<typeof Facts>;

/** Says something, and nothing else; where it announces a promotion, what that promises when the run begins. */
export const announce = defineAction({
  kind: "ANNOUNCEMENT",
  describe: "A message.",
  channels: "needed",
  input: { issues, startIssues: async () => [] },
  facts: { schema: Facts, freeze, hold, until: ({ promotion }) => promotion?.offer.endsAt ?? null },
  ready,
  content: {
    variables: contentPurposes.PROMOTION.variables,
    known: ({ promotion }) => contentPurposes[promotion === null ? "MESSAGE" : "PROMOTION"].variables,
    values: (ctx, { promotion }, reader) => (promotion ? promotionScope(ctx, promotion.offer, reader) : {}),
  },
  skipReasons: {},
});

async function issues(ctx: Context, choice: ActionChoice): Promise<Issue[]> {
  const { promotion, shop } = choice;
  if (promotion === null) return unwantedTemplate(choice);
  const found = await findPromotion(ctx, promotion);
  const isThere = found !== undefined && mayName(shop, found.shop);
  const message = `there is no promotion ${promotion}`;
  return [...unwantedTemplate(choice), ...(isThere ? [] : [{ path: "promotionId", message }])];
}

/** Versions are read first: what is written behind them makes {@link hold} false, never an old text a new version. */
async function freeze(ctx: Context, { promotion: id }: ActionChoice): Promise<Facts> {
  if (id === null) return { promotion: null };
  const own = await versionsIn(ctx, [subjectOf("promotion", id)]);
  const promotion = await findPromotion(ctx, id);
  if (!promotion) throw new Error(`promotion ${id}, which a campaign announces, is gone`);
  const given = await versionsIn(
    ctx,
    couponTemplatesOf(promotion).map((template) => subjectOf("coupon-template", template)),
  );
  return { promotion: { id, versions: { ...own, ...given }, offer: await announcedPromotion(ctx, promotion) } };
}

async function versionsIn(ctx: Context, subjects: readonly string[]): Promise<Record<string, number>> {
  const versions = await versionsOf(ctx, subjects);
  return Object.fromEntries(subjects.map((subject, i) => [subject, versions[i] ?? 0]));
}

function hold({ promotion }: Facts, now: number): SQL {
  if (!promotion) return sql`1`;
  const { id, versions } = promotion;
  const same = Object.entries(versions).map(([subject, version]) => sql`${versionOf(sql`${subject}`)} = ${version}`);
  return sql`${allOf(same)} AND NOT ${isStopping(id)} AND EXISTS (
    SELECT 1 FROM promotion WHERE id = ${id} AND enabled = 1 AND coalesce(ends_at > ${now}, 1))`;
}

/**
 * While an earlier announcement of the promotion stops, nobody knows yet whom it reached. Whoever enables the
 * promotion, or has it give what is in offer, sets those going that wait for it.
 */
async function ready(ctx: Context, { promotion: id }: ActionChoice): Promise<Readiness> {
  const promotion = id === null ? undefined : await findPromotion(ctx, id);
  if (!promotion) return "NOW";
  if (promotion.endsAt !== null && promotion.endsAt <= ctx.clock()) return "NEVER";
  if (!promotion.enabled || (await promiseIssues(ctx, promotion)).length > 0) return "WHEN_TOLD";
  const row = await ctx.db.first<{ stopping: number }>(sql`SELECT ${isStopping(promotion.id)} AS stopping`);
  return row?.stopping ? "SOON" : "NOW";
}

function isStopping(promotion: number): SQL {
  return sql`EXISTS (
    SELECT 1 FROM campaign c JOIN run r ON r.campaign = c.id
    WHERE c.promotion = ${promotion} AND r.state = 'CANCELLING')`;
}
