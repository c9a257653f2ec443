import { type ClosedTemplate, closeOffer } from "../../campaign/control/close-template.ts";
import { command, commandOf } from "../coupon/template.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder, type Types } from "../kit/builder.ts";
import { refusable } from "../kit/refusable.ts";
import { StopEnum, StoppedType } from "./stopped.ts";

const editors = { role: "editor" } as const;

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const ClosedTemplateType = builder.objectRef<ClosedTemplate>("ClosedCouponTemplate").implement({
  description: "A coupon template that gives nothing more.",
  authScopes: editors,
  fields: (t) => ({
    template: t.expose("template", { type: CouponTemplateType, description: "The template." }),
    stopped: t.expose("stopped", {
      type: [StoppedType],
      description:
        "The campaigns that told of its coupons, and were stopped for that: invites, announcements of promotions.",
    }),
  }),
});

const closing = (t: Fields) => ({
  ...command(t),
  invites: t.field({
    type: StopEnum,
    description:
      "What becomes of the campaigns that invite members to its coupons, or announce promotions that give them; " +
      "`STOP` unless given. Invites that you keep skip whoever cannot claim any more.",
  }),
});

refusable("endCouponTemplate", {
  description:
    "Ends a template before its time: nothing more is given, coupons that members hold stay good. Invites to its " +
    "coupons, and announcements of promotions that give them, are stopped unless you keep them.",
  scopes: editors,
  result: ClosedTemplateType,
  refusals: { CONFLICT: true, NOT_FOUND: true, WRONG_STATE: true },
  input: closing,
  resolve: ({ invites, ...input }, ctx) =>
    closeOffer(ctx, { ...commandOf(input), to: "end", invites: invites ?? undefined }),
});

refusable("withdrawCouponTemplate", {
  description:
    "Takes a template out of offer for good; a draft is thrown away by it. Invites to its coupons, and announcements " +
    "of promotions that give them, are stopped unless you keep them.",
  scopes: editors,
  result: ClosedTemplateType,
  refusals: { CONFLICT: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...closing(t),
    takeBack: t.boolean({
      description:
        "Whether to withdraw its unused coupons, too; false unless given. Those locked for an order stay with it. " +
        "See `CouponTemplate.takeBack`.",
    }),
  }),
  resolve: ({ invites, takeBack, ...input }, ctx) =>
    closeOffer(ctx, {
      ...commandOf(input),
      to: "withdraw",
      takeBack: takeBack ?? false,
      invites: invites ?? undefined,
    }),
});
