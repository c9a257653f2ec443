import { sql } from "drizzle-orm";
import { z } from "zod";
import { type AudienceTerm, defineTerm } from "../audience/term.ts";
import { channelNames } from "../channels/catalog.ts";
import { emailAddress, emailPart } from "../value/email-address.ts";
import { soughtId } from "../value/external-id.ts";
import { languageTag } from "../value/language.ts";
import { phoneNumber, phonePart } from "../value/phone.ts";
import { plainText } from "../value/plain-text.ts";
import { topic } from "../value/tag.ts";
import { timeZone } from "../value/time-zone.ts";
import { attributeTerm } from "./attribute-term.ts";
import { numberTerm, textTerm } from "./column-term.ts";
import { anyTopic, consentGiven, reachable } from "./consent.ts";
import { birthdayTerm, timeTerm } from "./date-term.ts";
import { sampleTerm } from "./sample-term.ts";
import { tagTerm } from "./tag-term.ts";

const ChannelTopic = z
  .strictObject({
    channel: z.enum(channelNames).meta({ id: "Channel" }).describe("The channel."),
    topic: topic().optional().describe("The topic of the message; without one, messages in general."),
  })
  .meta({ id: "ChannelTopic", description: "A channel, and what would be written about." });

/** What can be asked of a member's own data. Other domains register their own terms beside these. */
export const memberTerms: readonly AudienceTerm[] = [
  textTerm("id", "id", "The member's public id."),
  textTerm("externalId", "external_id", "The shop's own id of the member.", { value: soughtId() }),
  textTerm("name", "name", "What the member is called.", { value: plainText(200), isFolded: true }),
  textTerm("email", "email", "The e-mail address, in lower case.", { value: emailAddress(), part: emailPart }),
  textTerm("phone", "phone", "The phone number in E.164, e.g. +4915112345678.", {
    value: phoneNumber(),
    part: phonePart,
  }),
  textTerm("locale", "locale", "The language tag, e.g. en or de-AT.", { value: languageTag() }),
  textTerm("timeZone", "time_zone", "The member's own zone, an IANA name.", { value: timeZone() }),
  textTerm("accountType", "account_type", "The kind of account, e.g. personal or business."),
  numberTerm("level", "level", "The membership level."),
  numberTerm("consecutiveActiveDays", "consecutive_active_days", "Days in a row on which the member was active."),
  numberTerm("activeDaysLastMonth", "active_days_last_month", "Days of the last month on which the member was active."),
  numberTerm("totalSpend", "total_spend", "All that the member spent, in minor units of the shop's currency."),
  numberTerm("points", "points", "The balance of points."),
  birthdayTerm,
  timeTerm("registeredAt", "registered_at", "When the member registered."),
  timeTerm("membershipEndsAt", "membership_ends_at", "When the membership ends."),
  timeTerm("lastActiveAt", "last_active_at", "When the member was last active."),
  tagTerm,
  attributeTerm,
  defineTerm({
    name: "pushToken",
    description: "Whether the member has a push token, whichever channel it is of.",
    schema: z
      .strictObject({ exists: z.boolean().describe("Whether there is one.") })
      .meta({ id: "ExistsCondition", description: "Whether something is there." }),
    compile: ({ exists }) => sql`(${sql.raw(exists ? "" : "NOT ")}EXISTS (
      SELECT 1 FROM push_token p WHERE p.member = m.seq))`,
  }),
  defineTerm({
    name: "consented",
    description: "Whether the member lets a channel write about a topic, by word or by the channel's default.",
    schema: ChannelTopic,
    compile: ({ channel, topic }) => consentGiven(channel, topic ?? anyTopic),
  }),
  defineTerm({
    name: "reachable",
    description: "Whether a message about a topic can be sent on a channel: allowed, with an address, not suppressed.",
    schema: ChannelTopic,
    compile: ({ channel, topic }) => reachable(channel, topic ?? anyTopic),
  }),
  sampleTerm,
  defineTerm({
    name: "control",
    description: "Whether the member is in the control group, which is matched but never sent to.",
    schema: z.boolean(),
    compile: (inside) => (inside ? sql`(m.control <> 0)` : sql`(m.control = 0)`),
  }),
];
