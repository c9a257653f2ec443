import type { Context } from "../../context.ts";
import type { HeavyRefusal } from "../../db/heavy/heavy-reads.ts";
import { leavesNothing } from "../../discount/terms.ts";
import { type Issue, isRefusal, refuse } from "../../errors.ts";
import { countMembers } from "../../member/member-search.ts";
import { newShop } from "../../shop.ts";
import { type CheckedDraft, checkTemplate, draftOf } from "./draft.ts";
import { audienceOf } from "./eligibility.ts";
import { boundsOf, type Occurrence, occurrencesAfter } from "./occurrence.ts";
import { checkSaid, type SaidDraft } from "./said-draft.ts";
import { findTemplate } from "./template.ts";
import { columnsOf } from "./validity.ts";

/** What a template would do, were it activated now. Nothing is changed. */
export interface TemplateSimulation {
  /** Members whom it is for, as they are now. */
  readonly eligible: number;
  /** Coupons that they could come to hold, by stock and limit; of what recurs, each time. */
  readonly maxCoupons: number;
  /** Of the amounts, ISO 4217. */
  readonly currency: string;
  /** What one coupon, and what all of them, can cost at most, in minor units; null where only the carts bound it. */
  readonly maxDiscount: number | null;
  readonly maxCost: number | null;
  /** What an operator may not have meant, by the field; nothing of it keeps the template from being activated. */
  readonly warnings: readonly Issue[];
  /** Of what recurs, when it opens next. */
  readonly occurrences: readonly Occurrence[];
}

/** Simulates a template that is written down. It reads every member who may be eligible. */
export async function simulateTemplate(ctx: Context, id: number) {
  const template = await findTemplate(ctx, id);
  if (!template) return refuse.notFound("coupon template", id);
  const draft = checkTemplate(ctx, draftOf(template), { anyWindow: true });
  return isRefusal(draft) ? draft : simulate(ctx, { ...draft, stock: template.stock });
}

/** Simulates a template that is not written down yet; INVALID_INPUT with the place of every fault. */
export async function estimateTemplate(ctx: Context, draft: SaidDraft) {
  const shop = newShop(ctx, draft.shop);
  if (isRefusal(shop)) return shop;
  const checked = checkSaid(ctx, { ...draft, shop });
  if (isRefusal(checked)) return checked;
  return simulate(ctx, checked.codeMode === "POOL" ? { ...checked, stock: 0 } : checked);
}

async function simulate(ctx: Context, draft: CheckedDraft): Promise<TemplateSimulation | HeavyRefusal> {
  const now = ctx.clock();
  const audience = audienceOf(ctx, { id: 0, eligibility: draft.eligibility });
  const eligible = await countMembers(ctx, audience, { shop: draft.shop });
  if (isRefusal(eligible)) return eligible;
  const { maxDiscount, budget } = draft;
  const maxCoupons = Math.min(draft.stock ?? Infinity, eligible * draft.perMember);
  const maxCost = maxDiscount === null ? null : Math.min(budget ?? Infinity, maxCoupons * maxDiscount);
  return {
    eligible,
    maxCoupons,
    currency: draft.currency,
    maxDiscount,
    maxCost,
    warnings: warningsFor(draft, { now, eligible }),
    occurrences: draft.recurrence
      ? occurrencesAfter(draft.recurrence, boundsOf({ ...draft, ...columnsOf(draft.validity) }), now, 5)
      : [],
  };
}

/** What an operator may not have meant. Pure; `now` is ms. */
export function warningsFor(draft: CheckedDraft, { now, eligible }: { now: number; eligible: number }): Issue[] {
  const warnings: Issue[] = [];
  const warn = (path: string, message: string, when: boolean) => void (when && warnings.push({ path, message }));
  const { stock, budget, maxDiscount, perMember, opensAt, closesAt, validity } = draft;
  const { validFrom, validTo } = columnsOf(validity);
  warn("stock", "neither stock nor budget bounds what it costs", stock === null && budget === null);
  warn("stock", "there are no codes in its pools yet", stock === 0);
  warn("params", "nothing bounds what one coupon takes off", maxDiscount === null);
  warn("eligibility", "no member is eligible now", eligible === 0);
  warn(
    "stock",
    `is more than eligible members may hold (${eligible * perMember})`,
    stock !== null && stock > eligible * perMember,
  );
  warn(
    "budget",
    "is spent before the stock is",
    budget !== null && maxDiscount !== null && stock !== null && budget < stock * maxDiscount,
  );
  warn("closesAt", "its window is past", closesAt !== null && closesAt <= now);
  warn("validity.window.to", "its coupons would have expired", validTo !== null && validTo <= now);
  warn(
    "closesAt",
    "they can be had until they expire only, which is before it closes",
    validTo !== null && closesAt !== null && validTo > now && validTo < closesAt,
  );
  warn(
    "validity.window.from",
    "coupons cannot be used when they are claimed",
    validFrom !== null && validFrom > Math.max(now, opensAt ?? 0),
  );
  warn("conditions.minimum", "the smallest cart that it is good for would cost nothing", leavesNothing(draft));
  return warnings;
}
