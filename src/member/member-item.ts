import { z } from "zod";
import { channelNames, type PushChannelName, pushNames, usualPush } from "../channels/catalog.ts";
import type { Issue } from "../errors.ts";
import { check, schemaIssues, type Voice } from "../input.ts";
import { calendarDate, moment } from "../value/date.ts";
import { emailAddress } from "../value/email-address.ts";
import { externalId } from "../value/external-id.ts";
import { canonicalJson, type JsonFault } from "../value/json.ts";
import { languageTag } from "../value/language.ts";
import { phoneNumber } from "../value/phone.ts";
import { plainText, readLine } from "../value/plain-text.ts";
import { tag, topic } from "../value/tag.ts";
import { timeZone } from "../value/time-zone.ts";
import { schemaOf } from "../value/value.ts";
import { anyTopic } from "./consent.ts";

/** One member as the shop sends it; checked and brought to the form in which it is kept. */
export type MemberItem = z.output<typeof memberItem>;

/** Words of consent in one item at most. */
export const mostWords = 50;
export const readName = readLine(200);
export const readAccountType = readLine(50);
const count = z.int().min(0);
/** Levels of lists and objects in the attributes: few enough for whoever walks them, the database included. */
const attributeLevels = 16;
const attributes = z
  .unknown()
  .refine((facts) => isShallow(facts, attributeLevels), `are nested deeper than ${attributeLevels}`)
  .transform((facts, context) => {
    const faults: JsonFault[] = [];
    const canonical = canonicalJson(facts, faults);
    context.issues.push(
      ...faults.map(({ path, message }) => {
        return { code: "custom" as const, path: [...path], message, input: facts };
      }),
    );
    return canonical;
  })
  .pipe(
    z
      .record(plainText(64), z.json())
      .refine((facts) => JSON.stringify(facts).length <= 16_384, "are longer than 16,384 characters of JSON"),
  );

const tokens = z.array(plainText()).max(20);
const notPush = `is no channel with push tokens; there are ${pushNames.join(", ")}`;

/**
 * The shape of an item: what is absent stays as it is (or takes its default), `null` takes the value away. `attributes`
 * are merged, `null` removing a name; `tags` replace the whole list, push tokens those of their channel; which word of
 * consent counts, `consent-word.ts` says.
 */
export const memberItem = z.strictObject({
  externalId: externalId(),
  name: schemaOf(readName).nullable().optional(),
  email: emailAddress().nullable().optional(),
  phone: phoneNumber().nullable().optional(),
  locale: languageTag().optional(),
  timeZone: timeZone().nullable().optional(),
  accountType: schemaOf(readAccountType).optional(),
  level: z.int32().optional(),
  consecutiveActiveDays: count.optional(),
  activeDaysLastMonth: count.max(31).optional(),
  totalSpend: z.int().optional(),
  points: z.int().optional(),
  birthday: calendarDate().nullable().optional(),
  registeredAt: moment().optional(),
  membershipEndsAt: moment().nullable().optional(),
  lastActiveAt: moment().nullable().optional(),
  attributes: attributes.optional(),
  control: z.boolean().optional(),
  tags: z.array(tag()).max(200).optional(),
  pushTokens: tokens.optional(),
  channelTokens: z
    .array(z.strictObject({ channel: z.enum(pushNames, notPush), tokens }))
    .refine((given) => new Set(given.map(({ channel }) => channel)).size === given.length, "a channel is named twice")
    .optional(),
  consent: z
    .array(
      z.strictObject({
        channel: z.enum(channelNames),
        topic: topic().default(anyTopic),
        granted: z.boolean(),
        at: moment().optional(),
      }),
    )
    .max(mostWords)
    .optional(),
});

/** Fields that hold a whole number. */
export type NumberField = "level" | "consecutiveActiveDays" | "activeDaysLastMonth" | "totalSpend" | "points";

/** What is wrong with the number of a field, as {@link checkItem} has it. */
export function numberFault(name: NumberField, value: number): string | undefined {
  const checked = check(memberItem.shape[name], value);
  return checked.success ? undefined : schemaIssues(checked.error, [], "bare")[0]?.message;
}

/** A push token and the channel whose provider gave it out. */
export interface PushToken {
  readonly channel: PushChannelName;
  readonly token: string;
}

/** The lists of push tokens that an item gives, each by its channel; `pushTokens` are those of the usual one. */
export function tokenLists({ pushTokens, channelTokens = [] }: Pick<MemberItem, "pushTokens" | "channelTokens">) {
  return pushTokens ? [{ channel: usualPush, tokens: pushTokens }, ...channelTokens] : channelTokens;
}

/** Every push token that an item gives. */
export function tokensIn(item: MemberItem): PushToken[] {
  return tokenLists(item).flatMap(({ channel, tokens }) => tokens.map((token) => ({ channel, token })));
}

/** Checks one item; `bare` for faults that are kept, where no person's data should be. */
export function checkItem(input: unknown, voice: Voice = "quoted"): MemberItem | readonly Issue[] {
  const checked = check(memberItem, input);
  return checked.success ? checked.data : schemaIssues(checked.error, [], voice);
}

/** Whether {@link checkItem} found faults. */
export function isFaulty(checked: MemberItem | readonly Issue[]): checked is readonly Issue[] {
  return Array.isArray(checked);
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isShallow(part, levels - 1));
}
