import { z } from "zod";
import { cancelCampaign } from "../../campaign/control/cancel.ts";
import { deleteCampaign } from "../../campaign/control/delete.ts";
import { updateCampaign } from "../../campaign/control/edit.ts";
import { launchCampaign } from "../../campaign/control/launch.ts";
import { pauseCampaign, resumeCampaign } from "../../campaign/control/pause.ts";
import { returnToDraft } from "../../campaign/control/return.ts";
import { rejectCampaign, submitCampaign } from "../../campaign/control/review.ts";
import { createCampaign } from "../../campaign/draft/campaign.ts";
import { duplicateCampaign } from "../../campaign/draft/duplicate.ts";
import { ChannelEnum } from "../kit/channel.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { makersShop, newShopField } from "../kit/shop.ts";
import { CampaignType } from "./campaign-type.ts";
import { draftFields, draftOf, type Fields } from "./draft-input.ts";

const editors = { role: "editor" } as const;
const approvers = { role: "approver" } as const;

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
    shop: newShopField(t, makersShop),
    ...draftFields(t),
  }),
  resolve: ({ name, channels, shop, ...input }, ctx) =>
    createCampaign(ctx, { ...draftOf(input), name, channels, shop: shop ?? undefined }),
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

export const keyField = (t: Fields, what: string) =>
  t.string({
    description:
      `Your name for this ${what}, 1–200 characters: ` + `sent again within 48 h, it answers the same ${what} again.`,
  });

refusable("duplicateCampaign", {
  description:
    "Makes a draft of what a campaign says, whatever became of that one: its kind, coupons, audience, channels and " +
    "content, and of its start and end what lies ahead. Change it with `updateCampaign`.",
  scopes: editors,
  result: CampaignType,
  refusals: { CONFLICT: true, NOT_FOUND: true },
  input: (t) => ({
    campaignId: t.globalID({ for: CampaignType, required: true, description: "Which one." }),
    name: t.string({ description: "Of the copy, 1–200 characters; the original's unless given." }),
    shop: newShopField(t, "the original's unless given"),
    idempotencyKey: keyField(t, "copy"),
  }),
  resolve: ({ campaignId, name, shop, idempotencyKey }, ctx) =>
    duplicateCampaign(ctx, {
      id: toRowId(campaignId.id),
      name: name ?? undefined,
      shop: shop ?? undefined,
      idempotencyKey: idempotencyKey ?? undefined,
    }),
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
    idempotencyKey: keyField(t, "launch"),
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
  deleteCampaign: [
    deleteCampaign,
    editors,
    "Deletes a draft and answers what it was; whatever was submitted or launched is returned to draft first, or " +
      "cancelled.",
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
