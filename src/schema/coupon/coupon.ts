import type { Context, MemberContext } from "../../context.ts";
import { claimCoupon } from "../../coupon/claim/claim.ts";
import { couponsById } from "../../coupon/coupon.ts";
import { claimByLink } from "../../coupon/link/claim-by-link.ts";
import { stateNow } from "../../coupon/state-now.ts";
import type { Coupon, CouponTemplate, couponStates } from "../../coupon/table.ts";
import { templateToShow } from "../../coupon/wallet/template-cache.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { CouponTermsType } from "./discount-type.ts";
import { CouponTemplateType } from "./template-type.ts";

export const CouponState = builder.enumType("CouponState", {
  description: "What can be done with a coupon.",
  values: {
    AVAILABLE: { description: "It can be used while it is valid." },
    LOCKED: { description: "It is held for an order that is being paid." },
    USED: { description: "It was spent on an order." },
    EXPIRED: { description: "It was not used in time." },
    WITHDRAWN: { description: "The shop took it back." },
  } as const satisfies Record<(typeof couponStates)[number], { description: string }>,
});

export const CouponType = builder.node(builder.objectRef<Coupon>("Coupon"), {
  description: "A coupon that a member holds or held.",
  authScopes: { member: true, role: "viewer", service: "orders:write" },
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => couponsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    state: t.field({
      type: CouponState,
      description: "What can be done with it, by the time as it is now.",
      resolve: (coupon, _args, { ctx }) => stateNow(coupon, ctx.clock()),
    }),
    template: t.field({
      type: CouponTermsType,
      description: "What it promises: its name, what it takes off, and of what.",
      resolve: ({ template }, _args, { ctx }) => termsOf(ctx, template),
    }),
    code: t.exposeString("code", {
      nullable: true,
      authScopes: { member: true, role: "editor", service: "orders:write" },
      description: "Its code, where its kind has codes; of operators for editors, as a code can be given away.",
    }),
    claimedAt: t.expose("at", { type: "DateTime", description: "When the member got it." }),
    validFrom: t.expose("validFrom", { type: "DateTime", description: "From when on it can be used." }),
    validTo: t.expose("validTo", { type: "DateTime", nullable: true, description: "Until when; null is for ever." }),
  }),
});

/** At once where they are known: a promise for each coupon of a list takes longer than all that is said of it. */
function termsOf(ctx: Context, id: number): CouponTemplate | Promise<CouponTemplate> {
  const there = (template: CouponTemplate | undefined) => {
    if (!template) throw new Error(`no coupon template ${id}`);
    return template;
  };
  const found = templateToShow(ctx, id);
  return found instanceof Promise ? found.then(there) : there(found);
}

/** What a member who wants a coupon may be refused with, whether by its kind or by a code. */
export const claimRefusals = {
  CONFLICT: true,
  ENDED: true,
  LIMIT_REACHED: true,
  NOT_ELIGIBLE: true,
  NOT_FOUND: true,
  NOT_STARTED: true,
  RATE_LIMITED: true,
  SOLD_OUT: true,
} as const;

refusable("claimCoupon", {
  description:
    "Claims one coupon of a template for the signed-in member. Durable when it answers; the same key gives the same " +
    "coupon again.",
  scopes: { member: true },
  result: CouponType,
  refusals: claimRefusals,
  input: (t) => ({
    templateId: t.globalID({ for: CouponTemplateType, required: true, description: "Which kind of coupon." }),
    idempotencyKey: t.string({ required: true, description: "Your name for this one claim, 1–200 characters." }),
  }),
  resolve: ({ templateId, idempotencyKey }, ctx) =>
    claimCoupon(asMember(ctx), { template: toRowId(templateId.id), idempotencyKey }),
});

refusable("claimByLink", {
  description:
    "Claims what a claim link offers you, as the page behind it does: for the shop's own page, to which links lead " +
    "when the template has an `activeUrl`. Again it answers the same coupon; Ended once the link has expired.",
  scopes: { member: true },
  result: CouponType,
  refusals: claimRefusals,
  input: (t) => ({
    token: t.string({
      required: true,
      description: "What the link's address ends in: the parameter `claim` of the shop's own page.",
    }),
  }),
  resolve: ({ token }, ctx) => claimByLink(asMember(ctx), { token }),
});

/** The scope lets members in alone. */
export function asMember(ctx: Context): MemberContext {
  if (!isMember(ctx)) throw new Error("only members have coupons");
  return ctx;
}

function isMember(ctx: Context): ctx is MemberContext {
  return ctx.actor.kind === "member";
}
