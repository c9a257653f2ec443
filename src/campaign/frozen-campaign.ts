import { z } from "zod";
import { AudienceChoice } from "../member/audience-choice.ts";

/**
 * What a campaign was submitted or launched with, kept apart from what it names: whoever edits or deletes its segment
 * afterwards changes nothing of it. Members are chosen at each start, by this filter.
 */
export const FrozenCampaign = z.object({
  /** Everyone or a filter; a segment's was copied. */
  audience: AudienceChoice,
  /** How many members it selected then; null where any number was agreed to, as by the policy of reminders. */
  members: z.int().nullable(),
  /** Of the segment whose filter was copied; 0 where there is none. */
  segmentVersion: z.int(),
  /** Of the coupon template; 0 where there is none. */
  templateVersion: z.int(),
  /** Milliseconds. */
  at: z.int(),
});
export type FrozenCampaign = z.infer<typeof FrozenCampaign>;

/** Why a run waits for a second person, and what that person approves. */
export const RunReview = z.object({
  /** How many members it would reach. */
  members: z.int(),
  /** How many were approved, or launched without approval. */
  approved: z.int(),
  /** What changed of its coupon template since, each in words. */
  offer: z.array(z.string()),
  /** The template as it was when that was found. */
  templateVersion: z.int(),
  /** Milliseconds. */
  at: z.int(),
});
export type RunReview = z.infer<typeof RunReview>;

/** A review in words. */
export function describeReview({ members, approved, offer }: RunReview): string {
  const more = members > approved ? [`it selects ${members} members now, and ${approved} were agreed to`] : [];
  return [...more, ...offer].join("; ");
}
