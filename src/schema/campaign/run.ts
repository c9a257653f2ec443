import { type RunProgress, runProgress } from "../../campaign/progress/progress.ts";
import { countRuns, listRuns, runsById } from "../../campaign/run/run.ts";
import { lastRunStates } from "../../campaign/state.ts";
import type { Context } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { builder } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { rowOfInput, toRowId } from "../kit/ids.ts";
import { watchChanges } from "../kit/poll-stream.ts";
import { shopArgs } from "../kit/shop.ts";
import { unwrap } from "../kit/unwrap.ts";
import { CampaignType } from "./campaign-type.ts";
import { RunProgressType, RunStateEnum, RunType } from "./run-type.ts";

const viewers = { role: "viewer" } as const;

connectionField(CampaignType, "runs", RunType, {
  description: "Its occurrences, newest first.",
  scopes: viewers,
  args: (arg) => ({ state: arg({ type: RunStateEnum, description: "Only those in this state." }) }),
  cursor: ({ id }) => id,
  list: (ctx, { state, ...page }, { id }) => listRuns(ctx, { ...page, campaign: id, state: state ?? undefined }),
  count: (ctx, { state }, { id }) => countRuns(ctx, { campaign: id, state: state ?? undefined }),
});

connectionField("Query", "runs", RunType, {
  description: "The occurrences of all campaigns or of one, newest first.",
  scopes: viewers,
  args: (arg) => ({
    campaignId: arg.globalID({ for: CampaignType, description: "Only those of this campaign." }),
    state: arg({ type: RunStateEnum, description: "Only those in this state." }),
    ...shopArgs(arg),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { campaignId, state, shop, ...page }) =>
    listRuns(ctx, { ...page, campaign: rowOfInput(campaignId), state: state ?? undefined, shop: shop ?? undefined }),
  count: (ctx, { campaignId, state, shop }) =>
    countRuns(ctx, { campaign: rowOfInput(campaignId), state: state ?? undefined, shop: shop ?? undefined }),
});

builder.queryField("run", (t) =>
  t.field({
    type: RunType,
    nullable: true,
    description: "A run; null when there is none of this id.",
    authScopes: viewers,
    args: { id: t.arg.globalID({ for: RunType, required: true, description: "Which one." }) },
    resolve: async (_root, { id }, { ctx }) => (await runsById(ctx, [toRowId(id.id)]))[0],
  }),
);

builder.subscriptionField("runProgress", (t) =>
  t.field({
    type: RunProgressType,
    description: "How far a run is, at most twice a second and only when it changed; ends when the run does.",
    authScopes: viewers,
    args: { runId: t.arg.globalID({ for: RunType, required: true, description: "Which one." }) },
    subscribe: (_root, { runId }, { ctx }) => watchRun(ctx, toRowId(runId.id)),
    resolve: (progress) => progress,
  }),
);

async function watchRun(ctx: Context, run: number) {
  const read = async () => {
    const [progress] = await runProgress(ctx, [run]);
    return unwrap(progress ?? refuse.notFound("run", run));
  };
  await read();
  return watchChanges<RunProgress>(ctx, {
    read,
    // The rate and what follows from it change with the clock alone.
    key: ({ perSecond: _, etaSeconds: __, ...facts }) => JSON.stringify(facts),
    isLast: ({ state }) => lastRunStates.includes(state),
  });
}
