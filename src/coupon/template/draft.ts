import { z } from "zod";
import type { Context } from "../../context.ts";
import { readDiscountTerms } from "../../discount/terms.ts";
import { type Issue, isRefusal, refuse } from "../../errors.ts";
import { parseInput } from "../../input.ts";
import { currency } from "../../value/currency.ts";
import { lineOrNone, plainText } from "../../value/plain-text.ts";
import { linkFault, webAddress } from "../../value/web-address.ts";
import { type CouponTemplate, codeModes, issueModes } from "../table.ts";
import { saidPrefix } from "./code-prefix.ts";
import { boundsOf, Recurrence, recurrenceFault } from "./occurrence.ts";
import { anyTime, columnsOf, Validity, validityOf } from "./validity.ts";
import { windowIssues } from "./window.ts";

/** A stock, or an amount in minor units. */
export const Amount = z.int().min(1).max(1_000_000_000_000);
const moment = z.int().nullable().default(null);

/** All that an operator says of a template. Money is minor units, times are ms. */
export const TemplateDraft = z.strictObject({
  name: plainText(200),
  /** The shop's number; empty = the platform's own. */
  shop: lineOrNone(60).default(""),
  /** A discount kind; `params` are what it asks for. */
  kind: z.string(),
  params: z.unknown(),
  /** ISO 4217. */
  currency: currency(),
  conditions: z.unknown().default({}),
  stacking: z.unknown().default({ exclusive: true }),
  issueMode: z.enum(issueModes).default("SELF_CLAIM"),
  codeMode: z.enum(codeModes).default("NONE"),
  codePrefix: z
    .string()
    .regex(/^[A-Z0-9]{0,12}$/, "has at most 12 capital letters and digits")
    .default(""),
  /** An audience filter; null = everyone. */
  eligibility: z.unknown().default(null),
  perMember: z.int().min(1).max(1_000).default(1),
  /** How many there are; null = unlimited. Not said where codes come from a pool: then it is the number of codes. */
  stock: Amount.nullable().default(null),
  /** What all of them may cost; null = unlimited. Needs a kind and parameters that bound what one can cost. */
  budget: Amount.nullable().default(null),
  opensAt: moment,
  /** They can be had until then, and no longer than those of a fixed window are valid. */
  closesAt: moment,
  /** How long they are good for; for ever unless it is said. */
  validity: Validity.default(anyTime),
  activeUrl: webAddress.nullable().default(null),
  recurrence: Recurrence.nullable().default(null),
});
export type TemplateDraft = z.input<typeof TemplateDraft>;
/** What a template says, with nothing left out. */
export type ParsedDraft = z.output<typeof TemplateDraft>;
/**
 * A draft that was checked, and what one coupon of it can cost at most: minor units, null where only the cart bounds
 * it.
 */
export type CheckedDraft = ParsedDraft & { readonly maxDiscount: number | null };

/** A template of earlier times may have a currency that there is not: whoever edits it is told. */
const Kept = z.object({ ...TemplateDraft.shape, currency: z.string() });

/** What a template says, as its draft would. */
export function draftOf(template: CouponTemplate): ParsedDraft {
  const stock = template.codeMode === "POOL" ? null : template.stock;
  return Kept.parse({ ...template, codePrefix: saidPrefix(template), stock, validity: validityOf(template) });
}

/** What a template is written down with, of what a draft says. */
export function rowOf<Said extends Partial<ParsedDraft>>({ validity, ...said }: Said) {
  return { ...said, ...(validity && columnsOf(validity)) };
}

/**
 * The draft with what it left out, or INVALID_INPUT that names every fault by its path. A window that is past, or in
 * which nothing could be used, is one, unless `anyWindow`: what was good once may be looked at, and begin anew.
 */
export function checkTemplate(
  ctx: Pick<Context, "audience" | "clock">,
  draft: TemplateDraft,
  { anyWindow = false }: { readonly anyWindow?: boolean } = {},
) {
  const parsed = parseInput(TemplateDraft, draft);
  if (isRefusal(parsed)) return parsed;
  const terms = readDiscountTerms(parsed);
  const checked = { ...parsed, ...terms.read, maxDiscount: terms.maxDiscount };
  const issues = [
    ...terms.issues,
    ...eligibilityIssues(ctx, checked),
    ...faultsOf(checked),
    ...(anyWindow ? [] : windowIssues(checked, ctx.clock())),
    ...recurrenceIssues(checked, anyWindow, ctx.clock()),
    ...(terms.issues.length === 0 ? budgetIssues(checked) : []),
  ];
  return issues.length > 0 ? refuse.invalid(issues) : checked;
}

function eligibilityIssues(
  { audience: language }: Pick<Context, "audience">,
  { eligibility }: CheckedDraft,
): readonly Issue[] {
  if (eligibility === null) return [];
  const audience = language.parse(eligibility, ["eligibility"]);
  return isRefusal(audience) && audience.code === "INVALID_INPUT" ? audience.issues : [];
}

/** What is wrong with where claim links lead: in production they lead nowhere but to https. */
export function linkIssues({ settings }: Pick<Context, "settings">, { activeUrl }: ParsedDraft): Issue[] {
  const message = linkFault(activeUrl, settings.httpsOnly);
  return message === undefined ? [] : [{ path: "activeUrl", message }];
}

function faultsOf({ issueMode, codeMode, stock }: CheckedDraft): Issue[] {
  const issues: Issue[] = [];
  const fault = (path: string, message: string) => void issues.push({ path, message });
  if (issueMode === "CODE" && codeMode !== "POOL") fault("codeMode", "must be POOL where coupons are given for codes");
  if (codeMode === "POOL" && stock !== null) fault("stock", "is the number of codes where they come from a pool");
  return issues;
}

function recurrenceIssues(draft: ParsedDraft, anyWindow: boolean, now: number): Issue[] {
  const { recurrence, issueMode, codeMode } = draft;
  if (recurrence === null) return [];
  const fault = (message: string): Issue => ({ path: "recurrence", message });
  const always = { opensAt: null, closesAt: null };
  const faulty = recurrenceFault(
    recurrence,
    anyWindow ? always : boundsOf({ ...draft, ...columnsOf(draft.validity) }),
    now,
  );
  return [
    ...(issueMode === "SELF_CLAIM" ? [] : [fault("is for templates that members claim themselves")]),
    ...(codeMode === "POOL" ? [fault("does not go with a pool of codes, which belongs to one template")] : []),
    ...(faulty ? [faulty] : []),
  ];
}

/** What is wrong with a budget: nothing bounds what one coupon can cost, or not even one can be paid of it. */
export function budgetIssues({ budget, maxDiscount }: Pick<CheckedDraft, "budget" | "maxDiscount">): Issue[] {
  if (budget === null) return [];
  if (maxDiscount === null) {
    return [{ path: "budget", message: "needs parameters that bound what one coupon takes off, e.g. a `cap`" }];
  }
  return budget < maxDiscount ? [{ path: "budget", message: `is less than one coupon can cost (${maxDiscount})` }] : [];
}
