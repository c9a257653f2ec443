import { givenTogether } from "../../coupon/issue/given-together.ts";
import { couponByCode } from "../../coupon/list/coupon-by-code.ts";
import {
  type CouponsOrder,
  countCouponsOfMember,
  couponOrders,
  couponsOfMember,
} from "../../coupon/list/member-coupons.ts";
import { type CouponSource, couponSources, couponsOfTemplate, sourceOf } from "../../coupon/list/template-coupons.ts";
import { templatesToShow } from "../../coupon/wallet/template-cache.ts";
import { membersBySeq } from "../../member/member.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { enumOf } from "../kit/enum.ts";
import { rowOfInput } from "../kit/ids.ts";
import { MoneyType } from "../kit/money.ts";
import { unwrap } from "../kit/unwrap.ts";
import { memberArgs, memberNamed } from "../member/member-key.ts";
import { MemberType } from "../member/member-type.ts";
import { historyField } from "../transition/history.ts";
import { CouponState, CouponType } from "./coupon.ts";
import { CouponTemplateType } from "./template-type.ts";

const viewers = { role: "viewer" } as const;
/** Whoever knows a code can spend what it stands for, or try codes out. */
const actors = { role: "editor", service: "orders:write" } as const;
const staff = { role: "viewer", service: "orders:write" } as const;

const orderWords: Readonly<Record<CouponsOrder, string>> = {
  NEWEST: "The one that was given last first.",
  ENDING: "The one that ends soonest first; those that are valid for ever last.",
};

const CouponsOrderEnum = enumOf("CouponsOrder", "In which order coupons come.", couponOrders, (o) => orderWords[o]);

const sourceWords: Readonly<Record<CouponSource, string>> = {
  CLAIM: "The member claimed it.",
  CODE: "The member typed a code.",
  ISSUE: "An operator or the shop's systems gave it to this member alone (`issueCoupon`); see `givenFor`.",
  CAMPAIGN: "A campaign gave it.",
};

const CouponSourceEnum = enumOf("CouponSource", "How a member came by a coupon.", couponSources, (s) => sourceWords[s]);

connectionField(MemberType, "coupons", CouponType, {
  description: "The coupons that the member holds or held; null for who may not see them.",
  scopes: viewers,
  isForSome: true,
  args: (arg) => ({
    state: arg({ type: CouponState, description: "Only those in this state now." }),
    templateId: arg.globalID({ for: CouponTemplateType, description: "Only those of this template." }),
    order: arg({ type: CouponsOrderEnum, description: "NEWEST unless given." }),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { state, templateId, order, after, limit }, { seq }) => {
    const which = { member: seq, state: state ?? undefined, template: rowOfInput(templateId) };
    return couponsOfMember(ctx, { ...which, order: order ?? "NEWEST", after, limit });
  },
  count: (ctx, { state, templateId }, { seq }) =>
    countCouponsOfMember(ctx, { member: seq, state: state ?? undefined, template: rowOfInput(templateId) }),
});

connectionField(CouponTemplateType, "coupons", CouponType, {
  description:
    "Its coupons that are in a state now: those that can be used with the soonest end first, all others with the " +
    "newest first. How many there are is in `statistics`.",
  scopes: viewers,
  args: (arg) => ({
    state: arg({ type: CouponState, required: true, description: "In which state." }),
    ...memberArgs(arg),
    source: arg({ type: CouponSourceEnum, description: "Only those that members came by so." }),
  }),
  cursor: ({ id }) => id,
  list: async (ctx, { state, memberId, externalId, source, after, limit }, { id }) => {
    const isOfMember = Boolean(memberId) || typeof externalId === "string";
    const member = isOfMember ? unwrap(await memberNamed(ctx, { memberId, externalId })) : undefined;
    return couponsOfTemplate(ctx, { template: id, state, member, source: source ?? undefined, after, limit });
  },
});

builder.queryField("couponByCode", (t) =>
  t.field({
    type: CouponType,
    nullable: true,
    description: "The coupon that carries a code; null where none does, as with a code that nobody has used yet.",
    authScopes: actors,
    args: {
      code: t.arg.string({
        required: true,
        description: "As the member reads it out: capitals, blanks and hyphens do not matter.",
      }),
    },
    resolve: (_root, { code }, { ctx }) => couponByCode(ctx, code),
  }),
);

builder.objectFields(CouponType, (t) => ({
  member: t.loadable({
    type: MemberType,
    nullable: true,
    authScopes: viewers,
    description: "Whose it is; null when the member was erased, and for who may not see members.",
    resolve: ({ member }) => member,
    load: async (seqs: number[], { ctx }) => (await membersBySeq(ctx, seqs)).map((member) => member ?? null),
  }),
  source: t.field({
    type: CouponSourceEnum,
    nullable: true,
    authScopes: staff,
    description: "How the member came by it; null for members.",
    resolve: (coupon) => sourceOf(coupon),
  }),
  givenTogether: t.field({
    type: [CouponType],
    nullable: true,
    authScopes: staff,
    complexity: { field: 1, multiplier: 10 },
    description:
      "All that the same `issueCoupon` gave, itself among them, in the order of their numbers; null for members.",
    resolve: (coupon, _args, { ctx }) => givenTogether(ctx, coupon),
  }),
}));

builder.objectFields(CouponType, (t) => ({
  lockedUntil: t.field({
    type: "DateTime",
    nullable: true,
    authScopes: staff,
    description: "Until when it is held for its order; null when it is not, and for members.",
    resolve: ({ lockedUntil }) => lockedUntil,
  }),
  usedAt: t.field({
    type: "DateTime",
    nullable: true,
    authScopes: staff,
    description: "When it was spent; null before, and for members.",
    resolve: ({ usedAt }) => usedAt,
  }),
  discount: t.field({
    type: MoneyType,
    nullable: true,
    authScopes: staff,
    description: "What it took off its order; null before it was spent, and for members.",
    resolve: async ({ discount, template }, _args, { ctx }) => {
      const [terms] = discount === null ? [] : await templatesToShow(ctx, [template]);
      return discount === null || !terms ? null : { amount: discount, currency: terms.currency };
    },
  }),
  history: t.field({ ...historyField("coupon"), nullable: true, authScopes: viewers }),
}));
