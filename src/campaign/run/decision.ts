import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, factsOf } from "../../channels/catalog.ts";
import { consentGiven, hasAddress, suppressed } from "../../member/consent.ts";

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
} as const;
export type SkipReason = keyof typeof skipReasons;

/** What a run decides about a member on a channel, beside the member itself. */
export interface DecisionFacts {
  readonly topic: string;
  /** Past this time (ms) nothing is sent any more. */
  readonly endsAt: number | null;
}

/**
 * The SQL expression over member `m` that is null when the channel may be used now, else the skip reason.
 * It is the one definition: pages, frozen batches, simulations and `whyMember` all use it.
 */
export function skipReason(channel: ChannelName, facts: DecisionFacts, now: number): SQL {
  const rules: [SkipReason, SQL][] = [
    ["ERASED", sql`m.deleted_at IS NOT NULL`],
    ["CONTROL_GROUP", sql`m.control = 1`],
    ["NO_CONSENT", sql`NOT ${consentGiven(channel, facts.topic)}`],
  ];
  if (factsOf(channel).reach === "external") {
    rules.push(["NO_ADDRESS", sql`NOT ${hasAddress(channel)}`], ["SUPPRESSED", suppressed(channel)]);
  }
  if (facts.endsAt !== null && facts.endsAt <= now) rules.push(["EXPIRED", sql`1`]);
  const cases = rules.map(([reason, when]) => sql`WHEN ${when} THEN ${sql.raw(`'${reason}'`)}`);
  return sql`CASE ${sql.join(cases, sql` `)} END`;
}

/** The column of `member` that two members must not share within a run, or nothing. */
export function sharedAddressColumn(channel: ChannelName): SQL | undefined {
  const { address } = factsOf(channel);
  return address === "email" || address === "phone" ? sql.raw(address) : undefined;
}
