/** One fault of an input: where it is and what is wrong with it. */
export interface Issue {
  /** Path to the fault, e.g. `filter.and.1.level` or `content.EMAIL.html:3:12` (line:column of a template). */
  readonly path: string;
  readonly message: string;
}

/**
 * What a verb answers when it will not do what was asked, and nothing is broken.
 * Refusals are values: each transport maps them once. Exceptions are bugs or outages.
 */
export type Refusal =
  | { readonly code: "NOT_FOUND"; readonly message: string }
  | { readonly code: "INVALID_INPUT"; readonly message: string; readonly issues: readonly Issue[] }
  | { readonly code: "CONFLICT"; readonly message: string }
  | { readonly code: "WRONG_STATE"; readonly message: string; readonly state: string }
  | { readonly code: "NEEDS_APPROVAL"; readonly message: string; readonly limit: number }
  | { readonly code: "FORBIDDEN"; readonly message: string }
  | { readonly code: "RATE_LIMITED"; readonly message: string; readonly retryAfterSeconds: number }
  | { readonly code: "SOLD_OUT"; readonly message: string }
  | {
      readonly code: "LIMIT_REACHED";
      readonly message: string;
      readonly limit: number;
      /** Those that the member holds. */
      readonly coupons: readonly number[];
    }
  | { readonly code: "NOT_ELIGIBLE"; readonly message: string }
  | { readonly code: "NOT_STARTED"; readonly message: string /** ms */; readonly opensAt: number }
  | { readonly code: "ENDED"; readonly message: string }
  | { readonly code: "COUPON_UNUSABLE"; readonly message: string; readonly coupons: readonly UnusableCoupon[] };

/** Why a coupon takes nothing off a cart. */
export const unusableReasons = [
  "NOT_FOUND",
  "LOCKED",
  "USED",
  "WITHDRAWN",
  "EXPIRED",
  "NOT_YET_VALID",
  "OTHER_CURRENCY",
  "NO_GOODS",
  "BELOW_THRESHOLD",
  "NOTHING_LEFT",
  "BUDGET_SPENT",
  "EXCLUSIVE",
  "SAME_GROUP",
  "NOT_BETTER",
] as const;
export type UnusableReason = (typeof unusableReasons)[number];

/** A coupon that is not used on a cart, and why. */
export interface UnusableCoupon {
  readonly coupon: number;
  readonly reason: UnusableReason;
  /** BELOW_THRESHOLD: how much more the goods that count would have to cost, in minor units. */
  readonly missing: number | null;
}

const refusals = new WeakSet<object>();

function refusal<R extends Refusal>(value: R): R {
  refusals.add(value);
  return Object.freeze(value);
}

/** Whether a verb's answer is a refusal (made by {@link refuse}) and not its result. */
export function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === "object" && answer !== null && refusals.has(answer);
}

/**
 * What somebody sent, as it is said back to them: names are short, and an answer is not as long as a question may be.
 */
function brief(id: string | number): string {
  const text = String(id);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Makes refusals; the only place that does. */
export const refuse = {
  notFound: (what: string, id: string | number) =>
    refusal({ code: "NOT_FOUND", message: `There is no ${what} ${brief(id)}.` } as const),
  /** Of a coupon code; whatever is wrong with it, the answer is the same. */
  codeRefused: () =>
    refusal({
      code: "NOT_FOUND",
      message: "This code is not valid: look for a typing mistake; a code that was used is not valid again.",
    } as const),
  invalid: (issues: readonly Issue[]) =>
    refusal({
      code: "INVALID_INPUT",
      message: issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("; "),
      issues,
    } as const),
  conflict: (message: string) => refusal({ code: "CONFLICT", message } as const),
  wrongState: (message: string, state: string) => refusal({ code: "WRONG_STATE", message, state } as const),
  needsApproval: (message: string, limit: number) => refusal({ code: "NEEDS_APPROVAL", message, limit } as const),
  forbidden: (message: string) => refusal({ code: "FORBIDDEN", message } as const),
  rateLimited: (retryAfterSeconds: number) =>
    refusal({
      code: "RATE_LIMITED",
      message: `Too many requests; try again in ${retryAfterSeconds} s.`,
      retryAfterSeconds,
    } as const),
  soldOut: () => refusal({ code: "SOLD_OUT", message: "All coupons of this kind have been given." } as const),
  limitReached: (limit: number, coupons: readonly number[]) =>
    refusal({
      code: "LIMIT_REACHED",
      message: limit === 1 ? "You hold this coupon already." : `You hold all ${limit} that one member may have.`,
      limit,
      coupons,
    } as const),
  notEligible: () => refusal({ code: "NOT_ELIGIBLE", message: "This coupon is for other members." } as const),
  notStarted: (opensAt: number) =>
    refusal({
      code: "NOT_STARTED",
      message: `This opens at ${new Date(opensAt).toISOString()}; come back then.`,
      opensAt,
    } as const),
  ended: () => refusal({ code: "ENDED", message: "This is over." } as const),
  couponUnusable: (coupons: readonly UnusableCoupon[]) =>
    refusal({
      code: "COUPON_UNUSABLE",
      message: "Not all of these coupons can be used on this cart; quote it again without those that are named.",
      coupons,
    } as const),
};

/** A fault of configuration or environment that a person must mend: shown without a stack trace. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
