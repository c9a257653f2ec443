import { type SQL, sql } from "drizzle-orm";

/** Why a matching member is not sent to, in the order in which the reasons are asked; actions add theirs. */
export const skipReasons = {
  ERASED: "The member was erased on request.",
  CONTROL_GROUP: "The member belongs to the control group, which is matched but never sent to.",
  NO_CONSENT: "The member has not agreed to this topic on this channel.",
  NO_ADDRESS: "The member has no address for this channel.",
  SUPPRESSED: "The address bounced, complained or was suppressed by an operator.",
  OTHER_CHANNEL: "The campaign reaches each member once, and an earlier channel did.",
  DUPLICATE_ADDRESS: "Another member of the audience has the same address and is sent to.",
  EXPIRED: "The campaign's end had passed before it was the member's turn.",
  TIME_PASSED: "The time had passed on the member's own clock, and the campaign leaves out whom it passed.",
  QUIET_HOURS: "It was in the member's quiet hours, and the campaign ended before they did.",
  CAPPED: "The member has had as many messages as the frequency caps allow.",
} as const satisfies Record<string, string>;
export type SkipReason = keyof typeof skipReasons;

/** Conditions over member `m` in the order in which they are asked, each with its reason. */
export type SkipRules = readonly (readonly [string, SQL])[];

/** A reason as an SQL literal. */
export function reasonText(reason: SkipReason): SQL {
  return sql.raw(`'${reason}'`);
}

/** The reason of the first rule that holds for member `m`; null when none does. */
export function firstOf(rules: SkipRules): SQL {
  const cases = rules.map(([reason, when]) => sql`WHEN ${when} THEN ${sql.raw(`'${reason}'`)}`);
  return sql`CASE ${sql.join(cases, sql` `)} END`;
}
