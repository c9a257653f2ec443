import { rescheduleCampaign } from "../../campaign/schedule/reschedule.ts";
import { previewOf } from "../../schedule/preview.ts";
import type { Preview } from "../../schedule/recurrence/preview.ts";
import { schedulesOf } from "../../schedule/schedule.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { ScheduleInput, scheduleOfInput } from "../schedule/schedule-input.ts";
import { asScheduleInput, PreviewType, previewArgs, ScheduleType } from "../schedule/schedule-type.ts";
import { CampaignType } from "./campaign-type.ts";

const viewers = { role: "viewer" } as const;

builder.objectFields(CampaignType, (t) => ({
  schedule: t.loadable({
    type: ScheduleType,
    nullable: true,
    description: "When it recurs, and what came of it, once it is launched; null of one that begins once.",
    authScopes: viewers,
    resolve: ({ id }) => id,
    load: async (ids: number[], { ctx }) =>
      (await schedulesOf(ctx, "campaign", ids)).map((schedule) => schedule ?? null),
  }),
  scheduleSaid: t.field({
    type: "JSON",
    nullable: true,
    description:
      "What is said of when it recurs, in the form of `ScheduleInput`, launched or not; null: it begins once.",
    resolve: ({ schedule }) => schedule && asScheduleInput(schedule),
  }),
  plannedTimes: t.field({
    type: [PreviewType],
    description: "When it would recur from now on by what is said of it; none where it begins once.",
    args: previewArgs(t.arg),
    complexity: ({ first }) => ({ field: 1, multiplier: Math.min(first ?? 20, 100) }),
    resolve: ({ schedule }, { first, zone }, { ctx }): Preview[] | Promise<Preview[]> =>
      schedule ? previewOf(ctx, schedule, { n: first ?? 20, zone }) : [],
  }),
}));

refusable("rescheduleCampaign", {
  description:
    "Has a launched campaign recur at other times from now on, also where it has had runs; without a schedule no " +
    "more, and it ends with its last run. What was planned before does not come. Above the approval size it is " +
    "refused to whoever wrote any of the campaign, unless it is to recur no more.",
  scopes: { role: "editor" },
  result: CampaignType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    campaignId: t.globalID({ for: CampaignType, required: true, description: "Which one: active or paused." }),
    schedule: t.field({ type: ScheduleInput, description: "When it recurs from now on; none: no more." }),
  }),
  resolve: ({ campaignId, schedule }, ctx) =>
    rescheduleCampaign(ctx, { id: toRowId(campaignId.id), schedule: schedule ? scheduleOfInput(schedule) : null }),
});
