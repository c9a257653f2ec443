import { sql } from "drizzle-orm";
import { enablePromotion } from "../../src/campaign/announcement/enable.ts";
import { reviewOf } from "../../src/campaign/announcement/review.ts";
import { reviewVersion } from "../../src/campaign/announcement/review-version.ts";
import { listInbox } from "../../src/campaign/inbox/inbox.ts";
import type { Context } from "../../src/context.ts";
import type { Database } from "../../src/db/client.ts";
import { createPromotion, findPromotion, type PromotionDraft } from "../../src/promotion/promotion.ts";
import { deliveriesOf } from "./ledger.ts";
import { accepted, runOfCampaign } from "./shop.ts";

const rule = { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: 3_000 }] };

/** A promotion that nobody enabled, of 30 off from 200 unless said otherwise; answers its number. */
export async function addPromotion(ctx: Context, more: Partial<PromotionDraft> = {}): Promise<number> {
  return accepted(await createPromotion(ctx, { name: "Advent", currency: "EUR", rule, ...more })).id;
}

type EnableInput = Parameters<typeof enablePromotion>[1];

/** Enables a promotion, and answers the run that announces it. */
export async function announced(ctx: Context, input: EnableInput): Promise<number> {
  const { announcement } = accepted(await enablePromotion(ctx, input));
  if (!announcement) throw new Error("nothing was announced");
  return runOfCampaign(ctx.db, announcement.id);
}

/** The version of what waits of a promotion, as somebody reads it who approves of it. */
export async function versionRead(ctx: Context, id: number): Promise<string> {
  const [promotion, review] = [await findPromotion(ctx, id), await reviewOf(ctx, id)];
  return promotion && review ? reviewVersion(ctx, promotion, review) : "nothing waits";
}

/** The runs of all announcements of a promotion, oldest first. */
export async function announcementRuns(db: Database, promotion: number): Promise<number[]> {
  const rows = await db.all<{ id: number }>(sql`
    SELECT r.id FROM run r JOIN campaign c ON c.id = r.campaign WHERE c.promotion = ${promotion} ORDER BY r.id`);
  return rows.map(({ id }) => id);
}

/** How many members were told by e-mail, and how many of them more than once, by the sandbox's own log. */
export function toldByMail(sandboxPath: string, runs: readonly number[]): { told: number; twice: number } {
  const times = new Map<number, number>();
  for (const run of runs) {
    for (const [member, n] of deliveriesOf(sandboxPath, run, "EMAIL")) times.set(member, (times.get(member) ?? 0) + n);
  }
  return { told: times.size, twice: [...times.values()].filter((n) => n > 1).length };
}

/** What a member reads in the inbox, newest first. */
export async function inboxOf(ctx: Context, seq: number): Promise<string[]> {
  const messages = await listInbox({ ...ctx, actor: { kind: "member", seq, id: `m_${seq}` } }, { limit: 10 });
  return messages.map(({ title, body }) => `${title}: ${body}`);
}

/** The same shop, with limits of its channels, as what stops a run asks for. */
export function withLimits(ctx: Context): Context {
  const one = { batch: 100, parallelism: 1 };
  return { ...ctx, settings: { ...ctx.settings, limits: { EMAIL: one, SMS: one, PUSH: one } } };
}
