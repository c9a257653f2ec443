import { actions, type CampaignKind, skipText } from "../../campaign/action/index.ts";
import type { RewardSimulation } from "../../campaign/action/simulation.ts";
import type { SendCounts } from "../../campaign/progress/send-counts.ts";
import { builder } from "../kit/builder.ts";
import { maybeMoney } from "../kit/money.ts";

const viewers = { role: "viewer" } as const;

export const CampaignKindEnum = builder.enumType("CampaignKind", {
  description: "What a campaign does.",
  values: Object.fromEntries(
    actions.map(({ kind, describe }): [CampaignKind, { value: CampaignKind; description: string }] => [
      kind,
      { value: kind, description: describe },
    ]),
  ),
});

type Reason = { readonly reason: string; readonly n: number };

const CouponReason = builder.objectRef<Reason>("CouponReasonCount").implement({
  description: "How many members get no coupon for a reason.",
  authScopes: viewers,
  fields: (t) => ({
    reason: t.exposeString("reason", { description: "The reason, e.g. SOLD_OUT." }),
    words: t.string({ description: "What it means.", resolve: ({ reason }) => skipText(reason) }),
    members: t.exposeInt("n", { description: "How many." }),
  }),
});

export const CouponProgressType = builder.objectRef<SendCounts>("CouponProgress").implement({
  description: "How far a run is in giving coupons, in members.",
  authScopes: viewers,
  fields: (t) => ({
    issued: t.int({ description: "Members who got one.", resolve: ({ counts }) => counts.SENT }),
    skipped: t.int({ description: "Members who did not, for a reason.", resolve: ({ counts }) => counts.SKIPPED }),
    cancelled: t.int({
      description: "Members whose turn had not come when the run was cancelled.",
      resolve: ({ counts }) => counts.CANCELLED,
    }),
    reasons: t.field({
      type: [CouponReason],
      description: "Why members got none; the most frequent first.",
      resolve: ({ reasons }) => reasons,
    }),
  }),
});

export const CouponSimulationType = builder.objectRef<RewardSimulation>("CouponSimulation").implement({
  description: "What a launch would do about coupons, were it now.",
  authScopes: viewers,
  fields: (t) => ({
    members: t.exposeInt("members", {
      description: "Members who would be given one, or, invited, could claim one, were there enough.",
    }),
    coupons: t.exposeInt("coupons", { description: "Coupons that they would have, or could have at most." }),
    left: t.field({
      type: "BigInt",
      nullable: true,
      description: "Coupons that stock and budget leave now; null is unlimited.",
      resolve: ({ left }) => (left === null ? null : BigInt(left)),
    }),
    cost: maybeMoney(t, "What these coupons can cost at most; null where only the carts bound it.", ({ cost }) => cost),
    skipped: t.expose("skipped", { type: [CouponReason], description: "Members who would have none, by reason." }),
  }),
});
