import { campaignVersions } from "../../campaign/approval/version.ts";
import { approveCampaign } from "../../campaign/control/review.ts";
import { approveRun } from "../../campaign/control/review-run.ts";
import { campaignsById } from "../../campaign/draft/campaign.ts";
import { describeReview, type FrozenCampaign, type RunReview } from "../../campaign/frozen-campaign.ts";
import { runsInReview } from "../../campaign/run/run.ts";
import type { Context } from "../../context.ts";
import { fromFilter } from "../kit/audience-filter.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { commandFields } from "./campaign.ts";
import { CampaignType } from "./campaign-type.ts";
import { RunType } from "./run-type.ts";

const viewers = { role: "viewer" } as const;
const approvers = { role: "approver" } as const;

const FrozenType = builder.objectRef<FrozenCampaign>("FrozenAudience").implement({
  description:
    "Whom a campaign was submitted or launched for. A segment's filter was copied: editing or deleting the segment " +
    "changes nothing of it. Members are chosen by it at each start.",
  authScopes: viewers,
  fields: (t) => ({
    filter: t.field({
      type: "JSON",
      nullable: true,
      description: "The filter, in the form of `AudienceFilter`; null: everyone.",
      resolve: ({ audience }) => ("filter" in audience ? fromFilter(audience.filter) : null),
    }),
    members: t.exposeInt("members", {
      nullable: true,
      description: "How many members were agreed to; null: any number, as by the policy of reminders.",
    }),
    at: t.expose("at", { type: "DateTime", description: "When." }),
  }),
});

const ReviewType = builder.objectRef<RunReview>("RunReview").implement({
  description: "Why a run waited, or waits, for a second person.",
  authScopes: viewers,
  fields: (t) => ({
    members: t.exposeInt("members", { description: "How many members it would reach: what `approveRun` approves." }),
    agreed: t.exposeInt("approved", { description: "How many were agreed to before." }),
    words: t.string({ description: "Why, in words.", resolve: describeReview }),
    at: t.expose("at", { type: "DateTime", description: "When that was found." }),
  }),
});

builder.objectFields(CampaignType, (t) => ({
  version: t.loadable({
    type: "String",
    description:
      "What `approveCampaign` names: it changes with the campaign, its segment, its template and its promotion.",
    resolve: ({ id }) => id,
    load: (ids: number[], { ctx }) => versions(ctx, ids),
  }),
  frozenAudience: t.expose("frozen", {
    type: FrozenType,
    nullable: true,
    description: "Whom it was submitted or launched for; null of a draft.",
  }),
  launchWhenApproved: t.exposeBoolean("launchWhenApproved", {
    description: "Whether it is launched by being approved, or was.",
  }),
  waitsFor: t.loadable({
    type: "String",
    nullable: true,
    description: "The person that it waits for, in words; null when it waits for none.",
    resolve: ({ id }) => id,
    load: (ids: number[], { ctx }) => awaited(ctx, ids),
  }),
}));

async function versions(ctx: Context, ids: readonly number[]): Promise<string[]> {
  return campaignVersions(
    ctx,
    (await campaignsById(ctx, ids)).filter((campaign) => campaign !== undefined),
  );
}

async function awaited(ctx: Context, ids: readonly number[]): Promise<(string | null)[]> {
  const runs = await runsInReview(ctx, ids);
  const campaigns = await campaignsById(ctx, ids);
  return ids.map((id, i) => {
    const waiting = runs.filter(({ campaign }) => campaign === id);
    const why = waiting.map((run) => `run ${run.id}${run.review ? `: ${describeReview(run.review)}` : ""}`);
    if (why.length > 0) return `someone who wrote none of it to approve ${why.join("; ")}`;
    return campaigns[i]?.state === "IN_REVIEW" ? "someone who wrote none of it to approve it" : null;
  });
}

builder.objectField(RunType, "review", (t) =>
  t.expose("review", {
    type: ReviewType,
    nullable: true,
    description: "Why it waits for a second person, or last did; null: it never did.",
  }),
);

refusable("approveCampaign", {
  description:
    "Approves a campaign in review, as it was read. Refused to whoever wrote any version of it, of its segment, its " +
    "coupon template or the promotion that it announces, whichever token they come with. One that says " +
    "`launchWhenApproved` is launched with it.",
  scopes: approvers,
  result: CampaignType,
  refusals: { CONFLICT: true, NOT_FOUND: true, RATE_LIMITED: true, TOO_COSTLY: true, WRONG_STATE: true },
  input: (t) => ({
    ...commandFields(t),
    version: t.string({ required: true, description: "`Campaign.version` as you read it; another one is a conflict." }),
  }),
  resolve: ({ campaignId, reason, version }, ctx) =>
    approveCampaign(ctx, { id: toRowId(campaignId.id), reason: reason ?? undefined, version }),
});

refusable("approveRun", {
  description:
    "Lets a run go on that waits, `IN_REVIEW`, because it would reach more members than were agreed to. Refused to " +
    "whoever wrote any of its campaign. When it begins they are counted once more.",
  scopes: approvers,
  result: RunType,
  refusals: { CONFLICT: true, NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    runId: t.globalID({ for: RunType, required: true, description: "Which one." }),
    members: t.int({ required: true, description: "`RunReview.members` as you read it; another one is a conflict." }),
    reason: commandFields(t).reason,
  }),
  resolve: ({ runId, members, reason }, ctx) =>
    approveRun(ctx, { id: toRowId(runId.id), members, reason: reason ?? undefined }),
});
