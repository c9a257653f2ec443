import { type SQL, sql } from "drizzle-orm";
import { type ChannelName, factsOf } from "../../channels/catalog.ts";
import { consentGiven, hasAddress, suppressed } from "../../member/consent.ts";
import { firstOf, type SkipRules } from "./skip-reason.ts";

/** What a run decides about a member, beside the member itself. */
export interface DecisionFacts {
  readonly topic: string;
  /** Past this time (ms) nothing is sent any more. */
  readonly endsAt: number | null;
  /** What the campaign's action asks besides. */
  readonly rules: SkipRules;
}

/**
 * The SQL expression over member `m` that is null when the channel may be used now, else the skip reason.
 * It is the one definition: pages, frozen batches, simulations and `whyMember` all use it.
 */
export function skipReason(channel: ChannelName, facts: DecisionFacts, now: number): SQL {
  const isExternal = factsOf(channel).reach === "external";
  return firstOf([
    ...ofMember,
    ["NO_CONSENT", sql`NOT ${consentGiven(channel, facts.topic)}`],
    ...(isExternal ? addressRules(channel) : []),
    ...expired(facts, now),
    ...facts.rules,
  ]);
}

/** The same for what a run gives to member `m`; whether anything is left is asked of the page as a whole. */
export function rewardSkipReason(facts: Omit<DecisionFacts, "topic">, now: number): SQL {
  return firstOf([...ofMember, ...expired(facts, now), ...facts.rules]);
}

const ofMember: SkipRules = [
  ["ERASED", sql`m.deleted_at IS NOT NULL`],
  ["CONTROL_GROUP", sql`m.control = 1`],
];

function addressRules(channel: ChannelName): SkipRules {
  return [
    ["NO_ADDRESS", sql`NOT ${hasAddress(channel)}`],
    ["SUPPRESSED", suppressed(channel)],
  ];
}

function expired({ endsAt }: Pick<DecisionFacts, "endsAt">, now: number): SkipRules {
  return endsAt !== null && endsAt <= now ? [["EXPIRED", sql`1`]] : [];
}

/** Whether a send that would wait until `until` still has a time to go out: at the campaign's end it has not. */
export function inTime(until: SQL, endsAt: number | null): SQL {
  return endsAt === null ? sql`1` : sql`${until} < ${endsAt}`;
}

/** The column of `member` that two members must not share within a run, or nothing. */
export function sharedAddressColumn(channel: ChannelName): SQL | undefined {
  const { address } = factsOf(channel);
  return address === "email" || address === "phone" ? sql.raw(address) : undefined;
}
