import { type PushedCoupon, pushCoupon } from "../../campaign/push/push.ts";
import { simulateCampaign } from "../../campaign/rehearsal/simulate.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { toRowId } from "../kit/ids.ts";
import { memberScan } from "../kit/query-limits.ts";
import { refusable } from "../kit/refusable.ts";
import { unwrap } from "../kit/unwrap.ts";
import { commandFields, keyField } from "./campaign.ts";
import { audienceChoiceOf, CampaignAudienceInput, ContentInput } from "./campaign-input.ts";
import { CampaignType, MessageType, messagesOf } from "./campaign-type.ts";
import { draftOf, sendingFields } from "./draft-input.ts";
import { SimulationType } from "./simulation.ts";

const editors = { role: "editor" } as const;

const PushedCouponType = builder.objectRef<PushedCoupon>("PushedCoupon").implement({
  description: "What became of a coupon for these people.",
  authScopes: { role: "viewer" },
  fields: (t) => ({
    campaign: t.field({
      type: CampaignType,
      nullable: true,
      description: "The campaign that does it: `ACTIVE`, or `IN_REVIEW` until it is approved; null of a dry run.",
      resolve: ({ campaign, isTried }) => (isTried ? null : campaign),
    }),
    members: t.exposeInt("members", { description: "How many members the audience selects now." }),
    needsApproval: t.exposeBoolean("needsApproval", {
      description: "Whether these are so many that a second person approves first; then it goes on by itself.",
    }),
    content: t.field({
      type: [MessageType],
      description: "What is said, the house's words where none were given.",
      resolve: ({ campaign }) => messagesOf(campaign),
    }),
    simulation: t.field({
      type: SimulationType,
      nullable: true,
      description:
        "Of a dry run: whom each channel reaches, how many coupons that is, and what they may cost; else null.",
      complexity: 5 * memberScan,
      resolve: async ({ campaign, isTried }, _args, { ctx }) =>
        isTried ? unwrap(await simulateCampaign(ctx, campaign)) : null,
    }),
  }),
});

refusable("pushCoupon", {
  description:
    "This coupon to these people, on these channels, now or at a time: makes the campaign and launches it. Above the " +
    "approval size it is submitted, and launched by its approval. Says how many that is; `dryRun` says it and does " +
    "nothing.",
  scopes: editors,
  result: PushedCouponType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true },
  input: (t) => ({
    couponTemplateId: t.globalID({
      for: CouponTemplateType,
      required: true,
      description: "Of which coupons: in offer, and given to members (SYSTEM) or claimed by them (SELF_CLAIM).",
    }),
    audience: t.field({ type: CampaignAudienceInput, required: true, description: "Whom it is for." }),
    channels: t.field({
      type: [ChannelEnum],
      required: true,
      description: "How they hear of it, in order of preference; none: it is put into the wallets without a word.",
    }),
    invite: t.boolean({
      defaultValue: false,
      description: "Whether they are sent a link to claim it with (SELF_CLAIM), instead of the coupon.",
    }),
    name: t.string({ description: "The campaign's, 1–200 characters; the coupon's unless given." }),
    content: t.field({
      type: [ContentInput],
      description:
        "What it says. A channel without content of locale `default` says what the house says, in English and Chinese.",
    }),
    ...sendingFields(t),
    reason: commandFields(t).reason,
    dryRun: t.boolean({
      defaultValue: false,
      description: "Whether it is only tried: all is checked and counted, nothing is written, and no key is kept.",
    }),
    idempotencyKey: keyField(t, "push"),
  }),
  resolve: ({ couponTemplateId, audience, channels, invite, reason, dryRun, idempotencyKey, ...said }, ctx) =>
    pushCoupon(ctx, {
      ...draftOf(said),
      couponTemplate: toRowId(couponTemplateId.id),
      audience: audienceChoiceOf(audience),
      channels,
      invite: invite ?? false,
      reason: reason ?? undefined,
      dryRun: dryRun ?? false,
      idempotencyKey: idempotencyKey ?? undefined,
    }),
});
