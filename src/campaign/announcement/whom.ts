import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { AudienceChoice, resolveChoice } from "../../member/audience-choice.ts";

/** Whom an operator may have told of a promotion. */
export const announceChoices = {
  NO: "Nobody.",
  UNREACHED:
    "Those whom no announcement of it reached yet, on any channel; members to whom one was, or may have been, sent " +
    "are left out.",
  EVERYONE: "Everyone whom it is for, whoever was told before.",
} as const;
export type AnnounceChoice = keyof typeof announceChoices;
export type Told = Exclude<AnnounceChoice, "NO">;

/** Whom an announcement is for, as a campaign says it. */
export async function announcementAudience(
  ctx: Context,
  promotion: { readonly id: number; readonly shop: string; readonly audience?: unknown },
  whom: Told,
) {
  const base = audienceOf(promotion);
  if (whom === "EVERYONE") return base;
  const resolved = await resolveChoice(ctx, base, promotion.shop);
  if (isRefusal(resolved)) return resolved;
  const rest = unreached(promotion.id);
  const { choice } = resolved;
  return { filter: "filter" in choice ? { and: [choice.filter, rest] } : rest };
}

/** Whom such an audience was made for. */
export function toldBy(audience: AudienceChoice, promotion: number): Told {
  const rest = unreached(promotion);
  const filter = "filter" in audience ? audience.filter : undefined;
  const last = Bun.deepEquals(filter, rest) || (isAnd(filter) && Bun.deepEquals(filter.and.at(-1), rest));
  return last ? "UNREACHED" : "EVERYONE";
}

function isAnd(filter: unknown): filter is { readonly and: readonly unknown[] } {
  return typeof filter === "object" && filter !== null && "and" in filter && Array.isArray(filter.and);
}

function unreached(promotion: number) {
  return { not: { toldOf: { promotion } } };
}

/** For whom a promotion acts, or would: a draft that says it wrongly is refused where it is checked. */
export function audienceOf(promotion: { readonly audience?: unknown }): AudienceChoice {
  return AudienceChoice.safeParse(promotion.audience).data ?? { everyone: true };
}

/** Campaign `c` was launched, whatever became of it, or goes on by itself once somebody has read it. */
export const isAnnounced = sql`(EXISTS (SELECT 1 FROM run r WHERE r.campaign = c.id)
  OR c.state IN ('IN_REVIEW', 'APPROVED') AND c.launch_when_approved = 1)`;

/** Whether anybody ever launched an announcement of it, whatever became of that. */
export async function wasAnnounced({ db }: Context, promotion: number): Promise<boolean> {
  const row = await db.first(sql`SELECT 1 FROM campaign c WHERE c.promotion = ${promotion} AND ${isAnnounced} LIMIT 1`);
  return row !== undefined;
}
