import { z } from "zod";
import type { CampaignKind } from "../../campaign/action/index.ts";
import { cancelCampaign } from "../../campaign/control/cancel.ts";
import { updateCampaign } from "../../campaign/control/edit.ts";
import { launchCampaign } from "../../campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../campaign/control/pause.ts";
import { returnToDraft } from "../../campaign/control/return.ts";
import { rejectCampaign, submitCampaign } from "../../campaign/control/review.ts";
import { type CampaignDraft, createCampaign } from "../../campaign/draft/campaign.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import type { Types } from "../kit/builder.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { rowOfInput, toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { audienceChoiceOf, CampaignAudienceInput, ContentInput, contentOf } from "./campaign-input.ts";
import { CampaignType, ReachEnum } from "./campaign-type.ts";
import { CampaignKindEnum } from "./coupon-figures.ts";

const editors = { role: "editor" } as const;
const approvers = { role: "approver" } as const;

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

/** What can be said of a campaign besides its name and channels; nothing of it must be. */
const draftFields = (t: Fields) => ({
  kind: t.field({ type: CampaignKindEnum, description: "What it does; `ANNOUNCEMENT` unless given." }),
  couponTemplateId: t.globalID({
    for: CouponTemplateType,
    description:
      "Of which coupons: for `COUPON_ISSUE` of those that are given (SYSTEM) or may be (SELF_CLAIM), for " +
      "`COUPON_INVITE` of those that members claim (SELF_CLAIM); for others null.",
  }),
  topic: t.string({
    description: "What it is about, 1–60 characters; consent may depend on it. `promotions` unless given.",
  }),
  audience: t.field({ type: CampaignAudienceInput, description: "Whom it is for; everyone unless given." }),
  reach: t.field({ type: ReachEnum, description: "What several channels mean; `EACH` unless given." }),
  content: t.field({
    type: [ContentInput],
    description: "What it says: each channel needs one of locale `default` to launch.",
  }),
  transactional: t.boolean({ description: "Whether frequency caps and quiet hours spare it; false unless given." }),
  popupPriority: t.int({ description: "Which popup is shown first, −1000–1000, the highest is; 0 unless given." }),
  startsAt: t.field({ type: "DateTime", description: "When it starts; without it, when launched." }),
  endsAt: t.field({ type: "DateTime", description: "From then on nothing is sent any more; after the start." }),
});

interface Draft {
  kind?: CampaignKind | null | undefined;
  couponTemplateId?: { readonly id: string } | null | undefined;
  name?: string | null | undefined;
  topic?: string | null | undefined;
  audience?: typeof CampaignAudienceInput.$inferInput | null | undefined;
  channels?: unknown;
  reach?: "EACH" | "FIRST_REACHABLE" | null | undefined;
  content?: readonly (typeof ContentInput.$inferInput)[] | null | undefined;
  transactional?: boolean | null | undefined;
  popupPriority?: number | null | undefined;
  startsAt?: number | null | undefined;
  endsAt?: number | null | undefined;
}

/** What was said, in the domain's words. Null takes a template, start or end away; elsewhere it says nothing. */
function draftOf({ couponTemplateId, audience, content, startsAt, endsAt, ...others }: Draft): Partial<CampaignDraft> {
  const said = Object.entries(others).filter(([, value]) => value !== null && value !== undefined);
  return {
    ...Object.fromEntries(said),
    ...(couponTemplateId !== undefined && { couponTemplate: rowOfInput(couponTemplateId) ?? null }),
    ...(audience && { audience: audienceChoiceOf(audience) }),
    ...(content && { content: contentOf(content) }),
    ...(startsAt !== undefined && { startsAt }),
    ...(endsAt !== undefined && { endsAt }),
  };
}

refusable("createCampaign", {
  description: "Writes a campaign down as a draft. Its content may be incomplete; what is there is checked.",
  scopes: editors,
  result: CampaignType,
  refusals: {},
  input: (t) => ({
    name: t.string({
      required: true,
      description: "Its name, 1–200 characters; templates read it as `campaign.name`.",
    }),
    channels: t.field({
      type: [ChannelEnum],
      required: true,
      description: "How it reaches them: at least one, in order of preference; a `COUPON_ISSUE` may have none.",
    }),
    ...draftFields(t),
  }),
  resolve: ({ name, channels, ...input }, ctx) => createCampaign(ctx, { ...draftOf(input), name, channels }),
});

refusable("updateCampaign", {
  description:
    "Changes a campaign that has not begun: what is left out stays. A launched one stays launched, with its members " +
    "counted anew, and begins with the new facts; above the approval size it goes back into review, and on by itself " +
    "once approved. In review it is a new version; approved, it is reviewed again.",
  scopes: editors,
  result: CampaignType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true, WRONG_STATE: true },
  input: (t) => ({
    campaignId: t.globalID({ for: CampaignType, required: true, description: "Which one." }),
    name: t.string({ description: "Its new name, 1–200 characters." }),
    channels: t.field({ type: [ChannelEnum], description: "Its new channels, in order of preference." }),
    ...draftFields(t),
  }),
  resolve: ({ campaignId, ...input }, ctx) =>
    updateCampaign(ctx, { id: toRowId(campaignId.id), draft: draftOf(input) }),
});

export const commandFields = (t: Fields) => ({
  campaignId: t.globalID({ for: CampaignType, required: true, description: "Which one." }),
  reason: t.string({
    description: "Why, at most 500 characters; kept in its history.",
    validate: z.string().max(500, "is longer than 500 characters"),
  }),
});

refusable("launchCampaign", {
  description:
    "Starts sending, at once or at its start when that lies ahead. There is no way to take back what was " +
    "sent: see `simulateLaunch` first.",
  scopes: editors,
  result: CampaignType,
  refusals: {
    CONFLICT: true,
    NEEDS_APPROVAL: true,
    NOT_FOUND: true,
    RATE_LIMITED: true,
    TOO_COSTLY: true,
    WRONG_STATE: true,
  },
  input: (t) => ({
    ...commandFields(t),
    idempotencyKey: t.string({
      description:
        "Your name for this launch, 1–200 characters: sent again within 48 h, it answers the same launch again.",
    }),
  }),
  resolve: ({ campaignId, reason, idempotencyKey }, ctx) =>
    launchCampaign(ctx, {
      id: toRowId(campaignId.id),
      reason: reason ?? undefined,
      idempotencyKey: idempotencyKey ?? undefined,
    }),
});

refusable("submitCampaign", {
  description:
    "Asks for review of a draft; edited meanwhile it is another version. Its audience is frozen: a segment's filter " +
    "is copied, and the members that it selects are counted.",
  scopes: editors,
  result: CampaignType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true, WRONG_STATE: true },
  input: (t) => ({
    ...commandFields(t),
    launchWhenApproved: t.boolean({
      defaultValue: false,
      description: "Whether it goes on by itself: whoever approves it launches it, at once or for its start.",
    }),
  }),
  resolve: ({ campaignId, reason, launchWhenApproved }, ctx) =>
    submitCampaign(ctx, {
      id: toRowId(campaignId.id),
      reason: reason ?? undefined,
      launchWhenApproved: launchWhenApproved ?? false,
    }),
});

const commands = {
  returnCampaignToDraft: [
    returnToDraft,
    editors,
    "Takes a campaign back that was submitted, approved or launched and has not begun: it is a draft again.",
  ],
  rejectCampaign: [rejectCampaign, approvers, "Sends a campaign in review, or approved, back to be a draft."],
  pauseCampaign: [pauseCampaign, editors, "Stops its sending within 2 seconds; nothing is lost."],
  cancelCampaign: [cancelCampaign, editors, "Ends it for good: whoever was not reached yet never will be."],
} as const;

for (const [name, [verb, scopes, description]] of Object.entries(commands)) {
  refusable(name, {
    description,
    scopes,
    result: CampaignType,
    refusals: { NOT_FOUND: true, WRONG_STATE: true },
    input: commandFields,
    resolve: async ({ campaignId, reason }, ctx) =>
      verb(ctx, { id: toRowId(campaignId.id), reason: reason ?? undefined }),
  });
}

refusable("resumeCampaign", {
  description: "Goes on where it was paused: exactly those not yet reached are sent to.",
  scopes: editors,
  result: CampaignType,
  refusals: { NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true, WRONG_STATE: true },
  input: commandFields,
  resolve: ({ campaignId, reason }, ctx) =>
    resumeCampaign(ctx, { id: toRowId(campaignId.id), reason: reason ?? undefined }),
});
