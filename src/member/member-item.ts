import { z } from "zod";
import { plainText } from "../audience/term.ts";
import { channelNames } from "../channels/catalog.ts";
import type { Issue } from "../errors.ts";
import { schemaIssues } from "../input.ts";
import { anyTopic } from "./consent.ts";

/** One member as the shop sends it; checked and brought to the form in which it is kept. */
export type MemberItem = z.output<typeof memberItem>;

const count = z.int().min(0);
const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
/** Levels of lists and objects in the attributes: few enough for whoever walks them, the database included. */
const attributeLevels = 16;
const attributes = z
  .unknown()
  .refine((facts) => isShallow(facts, attributeLevels), `are nested deeper than ${attributeLevels}`)
  .pipe(
    z
      .record(plainText.max(64), z.json())
      .refine((facts) => JSON.stringify(facts).length <= 16_384, "are longer than 16,384 characters of JSON"),
  );

/**
 * The shape of an item: what is absent stays as it is (or takes its default), `null` takes the value away. `attributes`
 * are merged, `null` removing a name; `tags` and `pushTokens` replace the whole list; which word of
 * consent counts, `consent-word.ts` says.
 */
export const memberItem = z.strictObject({
  externalId: plainText.max(200),
  email: z.string().max(320).transform(normaliseEmail).pipe(z.email()).nullable().optional(),
  phone: z
    .string()
    .max(40)
    .transform(normalisePhone)
    .pipe(z.string().regex(/^\+[1-9]\d{6,14}$/, "is not a phone number in E.164, e.g. +4915112345678"))
    .nullable()
    .optional(),
  locale: z.string().max(35).transform(canonicalLocale).pipe(z.string("is not a language tag, e.g. de-AT")).optional(),
  timeZone: z.string().max(60).refine(isTimeZone, "is not an IANA time zone").nullable().optional(),
  accountType: plainText.max(50).optional(),
  level: z.int32().optional(),
  consecutiveActiveDays: count.optional(),
  activeDaysLastMonth: count.max(31).optional(),
  totalSpend: z.int().optional(),
  points: z.int().optional(),
  birthday: z.iso.date().nullable().optional(),
  registeredAt: moment.optional(),
  membershipEndsAt: moment.nullable().optional(),
  lastActiveAt: moment.nullable().optional(),
  attributes: attributes.optional(),
  control: z.boolean().optional(),
  tags: z.array(plainText.max(100)).max(200).optional(),
  pushTokens: z.array(plainText).max(20).optional(),
  consent: z
    .array(
      z.strictObject({
        channel: z.enum(channelNames),
        topic: plainText.max(100).default(anyTopic),
        granted: z.boolean(),
        at: moment.optional(),
      }),
    )
    .max(50)
    .optional(),
});

/** Checks one item. */
export function checkItem(input: unknown): MemberItem | readonly Issue[] {
  const checked = memberItem.safeParse(input);
  if (checked.success) return checked.data;
  return schemaIssues(checked.error);
}

/** Whether {@link checkItem} found faults. */
export function isFaulty(checked: MemberItem | readonly Issue[]): checked is readonly Issue[] {
  return Array.isArray(checked);
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isShallow(part, levels - 1));
}

function normaliseEmail(text: string): string {
  return text.trim().toLowerCase();
}

function normalisePhone(text: string): string {
  return text.replace(/[\s()./-]/g, "").replace(/^00/, "+");
}

const locales = new Map<string, { readonly value: string | undefined }>();
function canonicalLocale(text: string): string | undefined {
  return remembered(locales, text, () => attempt(() => Intl.getCanonicalLocales(text)[0]));
}

const zones = new Map<string, { readonly value: boolean }>();
function isTimeZone(text: string): boolean {
  return remembered(zones, text, () => attempt(() => new Intl.DateTimeFormat("en", { timeZone: text })) !== undefined);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The few distinct values of a million rows are worked out once; a stranger's nonsense cannot grow the memory. */
function remembered<T>(known: Map<string, { readonly value: T }>, key: string, work: () => T): T {
  const found = known.get(key);
  if (found) return found.value;
  if (known.size > 1_000) known.clear();
  const value = work();
  known.set(key, { value });
  return value;
}
