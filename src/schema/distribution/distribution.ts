import type { Context } from "../../context.ts";
import {
  approveDistribution,
  cancelDistribution,
  pauseDistribution,
  resumeDistribution,
  startDistribution,
} from "../../distribution/control.ts";
import { distributionsById, findDistribution, listDistributions } from "../../distribution/distribution.ts";
import { type DistributionProgress, distributionProgress, lastStates } from "../../distribution/progress.ts";
import { withdrawDistribution } from "../../distribution/withdraw.ts";
import { CouponTemplateType } from "../coupon/template-type.ts";
import { builder, type Types } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { rowOfInput, toRowId } from "../kit/ids.ts";
import { watchChanges } from "../kit/poll-stream.ts";
import { refusable } from "../kit/refusable.ts";
import { shopArgs } from "../kit/shop.ts";
import { unwrap } from "../kit/unwrap.ts";
import { DistributionProgressType, DistributionType } from "./distribution-type.ts";
import { DistributionStateEnum } from "./enums.ts";

const viewers = { role: "viewer" } as const;
const editors = { role: "editor" } as const;
const approvers = { role: "approver" } as const;

connectionField("Query", "distributions", DistributionType, {
  description: "The distributions of all templates or of one, the newest first.",
  scopes: viewers,
  args: (arg) => ({
    templateId: arg.globalID({ for: CouponTemplateType, description: "Only those of this template." }),
    state: arg({ type: DistributionStateEnum, description: "Only those in this state." }),
    ...shopArgs(arg),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { templateId, state, shop, ...page }) =>
    listDistributions(ctx, {
      ...page,
      template: rowOfInput(templateId),
      state: state ?? undefined,
      shop: shop ?? undefined,
    }),
});

connectionField(CouponTemplateType, "distributions", DistributionType, {
  description: "Its coupons for the members of spreadsheets, the newest first.",
  scopes: viewers,
  args: (arg) => ({ state: arg({ type: DistributionStateEnum, description: "Only those in this state." }) }),
  cursor: ({ id }) => id,
  list: (ctx, { state, ...page }, { id }) =>
    listDistributions(ctx, { ...page, template: id, state: state ?? undefined }),
});

builder.queryField("distribution", (t) =>
  t.field({
    type: DistributionType,
    nullable: true,
    description: "A distribution; null when there is none of this id.",
    authScopes: viewers,
    args: { id: t.arg.globalID({ for: DistributionType, required: true, description: "Which one." }) },
    resolve: async (_root, { id }, { ctx }) => (await distributionsById(ctx, [toRowId(id.id)]))[0],
  }),
);

const which = (t: PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">) => ({
  distributionId: t.globalID({ for: DistributionType, required: true, description: "Which one." }),
});

refusable("startDistribution", {
  description:
    "Issues the coupons of a distribution that is READY. Each row is decided on anew when its turn comes. " +
    "NEEDS_APPROVAL where it may give more than DISTRIBUTION_APPROVAL_SIZE – rows that are predicted to be ISSUED, " +
    "and those left out that could be by then – until another person has approved of so many.",
  scopes: editors,
  result: DistributionType,
  refusals: { NEEDS_APPROVAL: true, NOT_FOUND: true, WRONG_STATE: true },
  input: which,
  resolve: ({ distributionId }, ctx) => startDistribution(ctx, { id: toRowId(distributionId.id) }),
});

refusable("approveDistribution", {
  description:
    "Approves of up to as many coupons as a distribution that is READY may give: one for each row that is predicted " +
    "to be ISSUED, and for each left out that could be when its turn comes (a member imported, the stock or the " +
    "limit raised, the coupon for more members by then). Refused to whoever uploaded it, whichever token they come " +
    "with.",
  scopes: approvers,
  result: DistributionType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: which,
  resolve: ({ distributionId }, ctx) => approveDistribution(ctx, { id: toRowId(distributionId.id) }),
});

command(
  "pauseDistribution",
  "Stops issuing until it is resumed: nothing is issued once it answers; `issued` says how many were.",
  pauseDistribution,
);
command("resumeDistribution", "Goes on issuing where it was paused.", resumeDistribution);
command(
  "cancelDistribution",
  "Ends a distribution for good, whether it was started or not: nothing is issued once it answers; `issued` says how " +
    "many were. Members keep those.",
  cancelDistribution,
);

refusable("withdrawDistribution", {
  description:
    "Takes back, in the background, what a distribution gave and nobody has used; `withdrawn` counts along. Coupons " +
    "that are used, or held for an order, stay: asking again later takes those that have come free. The stock does " +
    "not grow.",
  scopes: editors,
  result: DistributionType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...which(t),
    reason: t.string({ required: true, description: "Why, 1–500 characters; kept in the distribution's history." }),
  }),
  resolve: ({ distributionId, reason }, ctx) => withdrawDistribution(ctx, { id: toRowId(distributionId.id), reason }),
});

function command(name: string, description: string, verb: typeof pauseDistribution): void {
  refusable(name, {
    description,
    scopes: editors,
    result: DistributionType,
    refusals: { NOT_FOUND: true, WRONG_STATE: true },
    input: which,
    resolve: ({ distributionId }, ctx) => verb(ctx, { id: toRowId(distributionId.id) }),
  });
}

builder.subscriptionField("distributionProgress", (t) =>
  t.field({
    type: DistributionProgressType,
    description:
      "How far a distribution is, at most twice a second and only when it changed; ends when it is completed, " +
      "failed or cancelled.",
    authScopes: viewers,
    args: { distributionId: t.arg.globalID({ for: DistributionType, required: true, description: "Which one." }) },
    subscribe: (_root, { distributionId }, { ctx }) => watchDistribution(ctx, toRowId(distributionId.id)),
    resolve: (progress) => progress,
  }),
);

async function watchDistribution(ctx: Context, id: number) {
  const read = async () => distributionProgress(unwrap(await findDistribution(ctx, id)), ctx.clock());
  await read();
  return watchChanges<DistributionProgress>(ctx, {
    read,
    // The rate and what follows from it change with the clock alone.
    key: ({ perSecond: _, etaSeconds: __, ...facts }) => JSON.stringify(facts),
    isLast: ({ state }) => lastStates.includes(state),
  });
}
