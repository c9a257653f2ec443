import { z } from "zod";
import { describeActor } from "../../actor.ts";
import { approvePromotion, rejectPromotion } from "../../campaign/announcement/approve.ts";
import { waitingChanges } from "../../campaign/announcement/edit.ts";
import { type PromotionReview, reviewKinds, reviewsOf } from "../../campaign/announcement/review.ts";
import { reviewVersion } from "../../campaign/announcement/review-version.ts";
import { campaignsById } from "../../campaign/draft/campaign.ts";
import type { Context } from "../../context.ts";
import { findPromotion, type Promotion } from "../../promotion/promotion.ts";
import { CampaignType } from "../campaign/campaign-type.ts";
import { builder, type Types } from "../kit/builder.ts";
import { enumOf } from "../kit/enum.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { PromotedType } from "./announcement.ts";
import { PromotionType } from "./promotion-type.ts";

const viewers = { role: "viewer" } as const;
const approvers = { role: "approver" } as const;

const ReviewKindEnum = enumOf(
  "PromotionReviewKind",
  "What of a promotion waits for a second person.",
  Object.keys(reviewKinds) as (keyof typeof reviewKinds)[],
  (kind) => reviewKinds[kind],
);

const ReviewType = builder.objectRef<PromotionReview>("PromotionReview").implement({
  description: "What of a promotion waits for a second person.",
  authScopes: viewers,
  fields: (t) => ({
    what: t.expose("what", { type: ReviewKindEnum, description: "What is asked for." }),
    version: t.string({
      description:
        "What `approvePromotion` names: it changes with what is asked for, with the promotion, its announcement, its " +
        "segment and the coupon templates that it gives.",
      resolve: async (review, _args, { ctx }) => reviewVersion(ctx, await promotionOf(ctx, review), review),
    }),
    changes: t.stringList({
      description: "EDIT: what it would promise differently, in words: before and after.",
      resolve: async (review, _args, { ctx }) => waitingChanges(ctx, await promotionOf(ctx, review), review),
    }),
    announcement: t.field({
      type: CampaignType,
      nullable: true,
      description: "The announcement that is approved with it, a draft until then; null: nothing is announced.",
      resolve: async ({ announcement }, _args, { ctx }) =>
        announcement && ((await campaignsById(ctx, [announcement.campaign]))[0] ?? null),
    }),
    members: t.int({
      nullable: true,
      description: "How many members that would tell; null: nothing is announced.",
      resolve: ({ announcement }) => announcement?.frozen.members ?? null,
    }),
    askedBy: t.stringList({
      description: "Who asked for it, e.g. operator Kim; the last of them last.",
      resolve: ({ authors }) => authors.map(describeActor),
    }),
    at: t.expose("at", { type: "DateTime", description: "When it was asked for last." }),
  }),
});

async function promotionOf(ctx: Context, { promotion: id }: PromotionReview): Promise<Promotion> {
  const promotion = await findPromotion(ctx, id);
  if (!promotion) throw new Error(`promotion ${id}, of which something waits, is gone`);
  return promotion;
}

builder.objectField(PromotionType, "review", (t) =>
  t.loadable({
    type: ReviewType,
    nullable: true,
    description: "What of it waits for a second person; null: nothing does.",
    resolve: ({ id }) => id,
    load: (ids: number[], { ctx }) => reviewsOf(ctx, ids),
  }),
);

const decision = (t: PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">) => ({
  promotionId: t.globalID({ for: PromotionType, required: true, description: "Which one." }),
  reason: t.string({
    description: "Why, at most 500 characters; kept in its history.",
    validate: z.string().max(500, "is longer than 500 characters"),
  }),
});

refusable("approvePromotion", {
  description:
    "Approves of what waits of a promotion, as it was read, and does it at once: promotion and announcement " +
    "together. Refused to whoever asked for it, or wrote any version of the promotion, of its announcement, of its " +
    "segment or of the coupon templates that it gives, whichever token they come with.",
  scopes: approvers,
  result: PromotedType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true, WRONG_STATE: true },
  input: (t) => ({
    ...decision(t),
    version: t.string({
      required: true,
      description: "`PromotionReview.version` as you read it; another one is a conflict.",
      validate: z.string().max(200, "is no version"),
    }),
  }),
  resolve: ({ promotionId, version, reason }, ctx) =>
    approvePromotion(ctx, { id: toRowId(promotionId.id), version, reason: reason ?? undefined }),
});

refusable("rejectPromotion", {
  description: "Does away with what waits of a promotion, which stays as it is.",
  scopes: approvers,
  result: PromotionType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: decision,
  resolve: ({ promotionId, reason }, ctx) =>
    rejectPromotion(ctx, { id: toRowId(promotionId.id), reason: reason ?? undefined }),
});
