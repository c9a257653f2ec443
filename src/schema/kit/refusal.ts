import { encodeGlobalID } from "@pothos/plugin-relay";
import type { Issue, Refusal, UnusableCoupon, UnusableReason } from "../../errors.ts";
import { builder } from "./builder.ts";

type Of<Code extends Refusal["code"]> = Extract<Refusal, { code: Code }>;

const everyone = { public: true } as const;

export const RefusalCode = builder.enumType("RefusalCode", {
  description: "Why something was not done, for programs; each has a type of its own.",
  values: {
    NOT_FOUND: { description: "What was named does not exist." },
    INVALID_INPUT: { description: "The input has faults; each is named with its place." },
    CONFLICT: { description: "It contradicts what is already there, e.g. an idempotency key used with other input." },
    WRONG_STATE: { description: "Not possible in the state that it is in now." },
    NEEDS_APPROVAL: { description: "A second person must approve it first." },
    FORBIDDEN: { description: "Your token does not allow it." },
    RATE_LIMITED: { description: "Too often; wait and try again." },
    SOLD_OUT: { description: "Nothing is left." },
    LIMIT_REACHED: { description: "The member has as many as one may have." },
    NOT_ELIGIBLE: { description: "It is for other members." },
    NOT_STARTED: { description: "It has not opened yet." },
    ENDED: { description: "It is over." },
    COUPON_UNUSABLE: { description: "Some of the coupons named cannot be used on this cart." },
  } as const satisfies Record<Refusal["code"], { description: string }>,
});

export const RefusalInterface = builder.interfaceRef<Refusal>("Refusal").implement({
  description: "An expected no: nothing was changed, and the message says what to do next.",
  authScopes: everyone,
  fields: (t) => ({
    code: t.expose("code", { type: RefusalCode, description: "For programs." }),
    message: t.exposeString("message", { description: "For people: what was wrong and what to do next." }),
  }),
  resolveType: (refusal) => typeNameOf(refusal),
});

export const IssueType = builder.objectRef<Issue>("Issue").implement({
  description: "One fault of an input.",
  authScopes: everyone,
  fields: (t) => ({
    path: t.exposeString("path", {
      description:
        "Where: a path into the input such as `filter.and.1.level`, with line:column for templates; " +
        "empty for the whole input.",
    }),
    message: t.exposeString("message", { description: "What is wrong there." }),
  }),
});

const refusal = <Code extends Refusal["code"]>(_code: Code, name: string) => builder.objectRef<Of<Code>>(name);
const kind = { interfaces: [RefusalInterface], authScopes: everyone };

const NotFound = refusal("NOT_FOUND", "NotFound").implement({ ...kind, description: "What was named does not exist." });
const Conflict = refusal("CONFLICT", "Conflict").implement({ ...kind, description: "It contradicts what is there." });
const Forbidden = refusal("FORBIDDEN", "Forbidden").implement({
  ...kind,
  description: "Your token does not allow it.",
});

const InvalidInput = refusal("INVALID_INPUT", "InvalidInput").implement({
  ...kind,
  description: "The input has faults.",
  fields: (t) => ({
    issues: t.expose("issues", { type: [IssueType], description: "Every fault that was found." }),
  }),
});

const WrongState = refusal("WRONG_STATE", "WrongState").implement({
  ...kind,
  description: "Not possible in the state that it is in now.",
  fields: (t) => ({ state: t.exposeString("state", { description: "The state it is in." }) }),
});

const NeedsApproval = refusal("NEEDS_APPROVAL", "NeedsApproval").implement({
  ...kind,
  description: "A second person must approve it first.",
  fields: (t) => ({ limit: t.exposeInt("limit", { description: "Up to how many members it needs no approval." }) }),
});

const RateLimited = refusal("RATE_LIMITED", "RateLimited").implement({
  ...kind,
  description: "Too often.",
  fields: (t) => ({
    retryAfterSeconds: t.exposeInt("retryAfterSeconds", { description: "How long to wait, in seconds." }),
  }),
});

const SoldOut = refusal("SOLD_OUT", "SoldOut").implement({ ...kind, description: "Nothing is left." });
const NotEligible = refusal("NOT_ELIGIBLE", "NotEligible").implement({
  ...kind,
  description: "It is for other members.",
});
const Ended = refusal("ENDED", "Ended").implement({ ...kind, description: "It is over." });

const LimitReached = refusal("LIMIT_REACHED", "LimitReached").implement({
  ...kind,
  description: "The member has as many as one may have.",
  fields: (t) => ({
    limit: t.exposeInt("limit", { description: "How many one member may have." }),
    coupons: t.field({
      type: ["ID"],
      description: "Those that the member holds: ids of coupons.",
      resolve: ({ coupons }) => coupons.map((id) => encodeGlobalID("Coupon", id)),
    }),
  }),
});

const NotStarted = refusal("NOT_STARTED", "NotStarted").implement({
  ...kind,
  description: "It has not opened yet.",
  fields: (t) => ({ opensAt: t.expose("opensAt", { type: "DateTime", description: "When it opens." }) }),
});

const UnusableReasonEnum = builder.enumType("UnusableReason", {
  description: "Why a coupon takes nothing off a cart.",
  values: {
    NOT_FOUND: { description: "The member holds no such coupon." },
    LOCKED: { description: "It is held for another order." },
    USED: { description: "It was spent." },
    WITHDRAWN: { description: "The shop took it back." },
    EXPIRED: { description: "It was not used in time." },
    NOT_YET_VALID: { description: "It can be used later." },
    OTHER_CURRENCY: { description: "It is for carts in another currency." },
    NO_GOODS: { description: "No line of the cart counts for it." },
    BELOW_THRESHOLD: { description: "The lines that count cost too little; `missing` says how much." },
    NOTHING_LEFT: { description: "Promotions and other coupons leave nothing for it to take off." },
    BUDGET_SPENT: { description: "What it may cost the shop is spent." },
    EXCLUSIVE: { description: "It, or one that is used, must stand alone." },
    SAME_GROUP: { description: "Another one of its group is used." },
    NOT_BETTER: { description: "Others take more off without it." },
  } as const satisfies Record<UnusableReason, { description: string }>,
});

/** A coupon that is not used on a cart; both faces and the refusal show it alike. */
export const UnusableCouponType = builder.objectRef<UnusableCoupon>("UnusableCoupon").implement({
  description: "A coupon that is not used on a cart, and why.",
  authScopes: everyone,
  fields: (t) => ({
    coupon: t.id({
      description: "Id of the coupon.",
      resolve: ({ coupon }) => encodeGlobalID("Coupon", coupon),
    }),
    reason: t.expose("reason", { type: UnusableReasonEnum, description: "Why." }),
    missing: t.expose("missing", {
      type: "BigInt",
      nullable: true,
      description: "BELOW_THRESHOLD: how much more the lines that count would have to cost, in minor units.",
    }),
  }),
});

const CouponUnusable = refusal("COUPON_UNUSABLE", "CouponUnusable").implement({
  ...kind,
  description: "Some of the coupons named cannot be used on this cart.",
  fields: (t) => ({
    coupons: t.expose("coupons", { type: [UnusableCouponType], description: "Which of them, and why." }),
  }),
});

const byCode = {
  NOT_FOUND: NotFound,
  INVALID_INPUT: InvalidInput,
  CONFLICT: Conflict,
  WRONG_STATE: WrongState,
  NEEDS_APPROVAL: NeedsApproval,
  FORBIDDEN: Forbidden,
  RATE_LIMITED: RateLimited,
  SOLD_OUT: SoldOut,
  LIMIT_REACHED: LimitReached,
  NOT_ELIGIBLE: NotEligible,
  NOT_STARTED: NotStarted,
  ENDED: Ended,
  COUPON_UNUSABLE: CouponUnusable,
} as const satisfies Record<Refusal["code"], unknown>;

/** The object types of all refusals, in the order of their codes. */
export const refusalTypes = Object.values(byCode);

/** The name of a refusal's object type. */
export function typeNameOf({ code }: Refusal): string {
  return byCode[code].name;
}
