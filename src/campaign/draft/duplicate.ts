import type { Context } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { once } from "../../idempotency.ts";
import { resolveChoice } from "../../member/audience-choice.ts";
import { scheduleIssues } from "../../schedule/facts.ts";
import { mayName } from "../../shop.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { type Campaign, createCampaign, findCampaign, type NewCampaign } from "./campaign.ts";
import { draftOf } from "./facts.ts";

export interface DuplicateInput {
  readonly id: number;
  /** Of the copy; that of the original unless given, for templates read it. */
  readonly name?: string | undefined;
  /** Of the copy; that of the original unless given. */
  readonly shop?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * Makes a draft that says what a campaign says, whatever became of that: its kind, offer, audience, channels and words,
 * and of its start, end and schedule what still lies ahead. Whoever copies it has written it. Refuses (INVALID_INPUT)
 * what could not be written down any more, for another shop, too, what that may not name. The same idempotency key
 * answers the same copy again.
 */
export function duplicateCampaign(ctx: Context, { idempotencyKey, ...input }: DuplicateInput) {
  return once(ctx, {
    key: idempotencyKey,
    input: { duplicate: input },
    work: async (tx) => {
      const original = await findCampaign(tx, input.id);
      if (!original) return refuse.notFound("campaign", input.id);
      const copy = await createCampaign(tx, await copyOf(tx, original, input));
      if (isRefusal(copy)) return copy;
      const from = mayName(copy.shop, original.shop) ? `campaign ${original.id}` : "a campaign of others";
      await tx.db.write([auditDeed(tx, subjectOf("campaign", copy.id), `copied from ${from}`)]);
      return copy;
    },
  });
}

async function copyOf(ctx: Context, original: Campaign, { name, shop }: DuplicateInput): Promise<NewCampaign> {
  const { audience, frozen, startsAt, endsAt, schedule, localTime } = original;
  const ahead = (at: number | null) => (at !== null && at > ctx.clock() ? at : null);
  // Where its segment is gone, the filter that was copied of it is left.
  const isGone = frozen !== null && isRefusal(await resolveChoice(ctx, audience, original.shop));
  const isSpent = schedule !== null && (await scheduleIssues(ctx, schedule, shop ?? original.shop)).length > 0;
  return {
    ...draftOf(original),
    shop: shop ?? original.shop,
    ...(name !== undefined && { name }),
    audience: isGone ? frozen.audience : audience,
    startsAt: ahead(startsAt),
    localTime: schedule !== null || ahead(startsAt) !== null ? localTime : null,
    endsAt: ahead(endsAt),
    schedule: isSpent ? null : schedule,
  };
}
