import type { WalletStatus } from "../../coupon/cache/wallet-cache.ts";
import { cancelReminder, type Reminder, remindMe } from "../../coupon/reminder/reminder.ts";
import { type ClaimableCoupon, type ClaimableState, claimableCoupons } from "../../coupon/wallet/claimable.ts";
import { myCoupons } from "../../coupon/wallet/wallet.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { asMember, CouponType } from "./coupon.ts";
import { CouponTermsType } from "./discount-type.ts";
import { CouponTemplateType } from "./template-type.ts";

/** All of it is the acting member's own: no field takes a member. */
const members = { member: true } as const;

const WalletStatusEnum = builder.enumType("WalletStatus", {
  description: "Which of your coupons.",
  values: {
    AVAILABLE: { description: "Those that can be used, or will be when their time comes." },
    LOCKED: { description: "Those held for an order that is being paid." },
    USED: { description: "Those spent on orders." },
    EXPIRED: { description: "Those that were not used in time." },
  } as const satisfies Record<WalletStatus, { description: string }>,
});

connectionField("Query", "myCoupons", CouponType, {
  description:
    "Your coupons: those that can still be used with the soonest end first, the others with the latest first.",
  scopes: members,
  args: (arg) => ({
    status: arg({ type: WalletStatusEnum, required: true, description: "Which ones." }),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { status, after, limit }) => myCoupons(asMember(ctx), { status, after, limit }),
});

const ClaimableStateEnum = builder.enumType("ClaimableCouponState", {
  description: "What you can do with an offer now.",
  values: {
    CLAIMABLE: { description: "Claim it." },
    NOT_STARTED: { description: "Wait until it opens; `remindMe` tells you before." },
    LIMIT_REACHED: { description: "Nothing: you had as many as one member may have." },
    SOLD_OUT: { description: "Nothing, unless some are given back: all have been given." },
  } as const satisfies Record<ClaimableState, { description: string }>,
});

const ClaimableCouponType = builder.objectRef<ClaimableCoupon>("ClaimableCoupon").implement({
  description: "A kind of coupon that you may claim, now or soon.",
  authScopes: members,
  fields: (t) => ({
    template: t.expose("template", { type: CouponTermsType, description: "What its coupons promise." }),
    state: t.expose("state", { type: ClaimableStateEnum, description: "What you can do with it now." }),
    opensAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it opens; null once it is open.",
      resolve: ({ template, state }) => (state === "NOT_STARTED" ? template.opensAt : null),
    }),
    held: t.exposeInt("held", { description: "How many you have or had." }),
    limit: t.int({
      description: "How many one member may have.",
      resolve: ({ template }) => template.perMember,
    }),
    isReminded: t.exposeBoolean("isReminded", { description: "Whether you are to be told before it opens." }),
  }),
});

connectionField("Query", "claimableCoupons", ClaimableCouponType, {
  description:
    "What you may claim yourself, now and within a week: what closes soonest first, then what opens next. It may be " +
    "a second old. A page may have fewer than you asked for, or none, and yet `hasNextPage`: go on after `endCursor`.",
  scopes: members,
  cursor: ({ template }) => template.id,
  list: async (ctx, page) => {
    const { coupons, goOn } = await claimableCoupons(asMember(ctx), page);
    return { rows: coupons, goOn };
  },
});

const ReminderType = builder.objectRef<Reminder>("CouponReminder").implement({
  description: "Your wish to be told before a kind of coupon can be claimed.",
  authScopes: members,
  fields: (t) => ({
    template: t.expose("template", {
      type: CouponTermsType,
      description: "What opens: of what recurs, the next occurrence.",
    }),
    opensAt: t.expose("opensAt", { type: "DateTime", description: "When it opens." }),
    remindAt: t.expose("remindAt", { type: "DateTime", description: "When you are told, once." }),
  }),
});

refusable("remindMe", {
  description:
    "Has you told before a kind of coupon can be claimed, once, on the first channel that reaches you. WrongState " +
    "says why not: OPEN (claim it), OPENING (too soon), OFF.",
  scopes: members,
  result: ReminderType,
  refusals: { ENDED: true, NOT_ELIGIBLE: true, NOT_FOUND: true, SOLD_OUT: true, WRONG_STATE: true },
  input: (t) => ({
    templateId: t.globalID({
      for: CouponTemplateType,
      required: true,
      description: "Of what; what recurs means its next occurrence.",
    }),
  }),
  resolve: ({ templateId }, ctx) => remindMe(asMember(ctx), { template: toRowId(templateId.id) }),
});

refusable("cancelReminder", {
  description: "Takes `remindMe` back; WrongState (SENT) once you have been told.",
  scopes: members,
  result: ReminderType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    templateId: t.globalID({
      for: CouponTemplateType,
      required: true,
      description: "Of what; what recurs means all occurrences.",
    }),
  }),
  resolve: ({ templateId }, ctx) => cancelReminder(asMember(ctx), { template: toRowId(templateId.id) }),
});
