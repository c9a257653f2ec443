import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, factsOf } from "../../channels/catalog.ts";
import {
  type CouponSkipFacts,
  type CouponSkipReason,
  type CouponSkipRules,
  inviteRules,
  issueRules,
} from "../../coupon/issue/issue-rules.ts";
import { consentGiven, hasAddress, suppressed } from "../../member/consent.ts";
import type { CouponOffer } from "../action/coupon-offer.ts";
import { thawed } from "./predicates.ts";

/** Why a matching member is not sent to, in the order in which the reasons are asked. */
export const skipReasons = {
  ERASED: "The member was erased on request.",
  CONTROL_GROUP: "The member belongs to the control group, which is matched but never sent to.",
  NO_CONSENT: "The member has not agreed to this topic on this channel.",
  NO_ADDRESS: "The member has no address for this channel.",
  SUPPRESSED: "The address bounced, complained or was suppressed by an operator.",
  OTHER_CHANNEL: "The campaign reaches each member once, and an earlier channel did.",
  DUPLICATE_ADDRESS: "Another member of the audience has the same address and is sent to.",
  EXPIRED: "The campaign's end had passed before it was the member's turn.",
  QUIET_HOURS: "It was in the member's quiet hours, and the campaign ended before they did.",
  CAPPED: "The member has had as many messages as the frequency caps allow.",
  ENDED: "The coupon cannot be had any more: its template has ended, was withdrawn, or its window has closed.",
  NOT_ELIGIBLE: "The coupon is for other members.",
  LIMIT_REACHED: "The member holds as many of these coupons as one member may.",
  ALREADY_HOLDS: "The member holds this coupon already and needs no invitation.",
  SOLD_OUT: "None of these coupons was left when it was the member's turn.",
  BUDGET_SPENT: "What was left of the coupons' budget was not enough for one more when it was the member's turn.",
  NO_COUPON: "The member got no coupon, and the message is for those who did.",
} as const satisfies Record<string, string> & Record<CouponSkipReason, string>;
export type SkipReason = keyof typeof skipReasons;

/** What a run decides about a member on a channel, beside the member itself. */
export interface DecisionFacts {
  readonly topic: string;
  /** Past this time (ms) nothing is sent any more. */
  readonly endsAt: number | null;
  /** What it gives or invites to claim, if it does. */
  readonly coupon?: CouponOffer | null;
}

/**
 * The SQL expression over member `m` that is null when the channel may be used now, else the skip reason.
 * It is the one definition: pages, frozen batches, simulations and `whyMember` all use it.
 */
export function skipReason(channel: ChannelName, facts: DecisionFacts, now: number): SQL {
  const isExternal = factsOf(channel).reach === "external";
  const invited = facts.coupon?.kind === "COUPON_INVITE" ? facts.coupon : undefined;
  return firstOf([
    ...ofMember,
    ["NO_CONSENT", sql`NOT ${consentGiven(channel, facts.topic)}`],
    ...(isExternal ? addressRules(channel) : []),
    ...expired(facts, now),
    ...(invited ? inviteRules(offerFacts(invited), now) : []),
  ]);
}

/** The same for the coupon that a run gives to member `m`; whether one is left is asked of the page as a whole. */
export function couponSkipReason(offer: CouponOffer, facts: DecisionFacts, now: number): SQL {
  return firstOf([...ofMember, ...expired(facts, now), ...issueRules(offerFacts(offer), now)]);
}

type Rules = readonly (readonly [SkipReason, SQL])[];

const ofMember: Rules = [
  ["ERASED", sql`m.deleted_at IS NOT NULL`],
  ["CONTROL_GROUP", sql`m.control = 1`],
];

function addressRules(channel: ChannelName): Rules {
  return [
    ["NO_ADDRESS", sql`NOT ${hasAddress(channel)}`],
    ["SUPPRESSED", suppressed(channel)],
  ];
}

function expired({ endsAt }: DecisionFacts, now: number): Rules {
  return endsAt !== null && endsAt <= now ? [["EXPIRED", sql`1`]] : [];
}

function offerFacts({ template, perMember, eligibility }: CouponOffer): CouponSkipFacts {
  return { template, perMember, eligibility: eligibility && sql`(${thawed(eligibility)})` };
}

function firstOf(rules: Rules | CouponSkipRules): SQL {
  const cases = rules.map(([reason, when]) => sql`WHEN ${when} THEN ${sql.raw(`'${reason}'`)}`);
  return sql`CASE ${sql.join(cases, sql` `)} END`;
}

/** The column of `member` that two members must not share within a run, or nothing. */
export function sharedAddressColumn(channel: ChannelName): SQL | undefined {
  const { address } = factsOf(channel);
  return address === "email" || address === "phone" ? sql.raw(address) : undefined;
}
