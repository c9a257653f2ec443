import { z } from "zod";
import { backfillSchedule } from "../../schedule/backfill.ts";
import { cancelOccurrence, pauseSchedule, resumeSchedule } from "../../schedule/control.ts";
import { listHolidays } from "../../schedule/holidays.ts";
import { previewOfSaid } from "../../schedule/preview.ts";
import { listSchedules, schedulesById } from "../../schedule/schedule.ts";
import { setHolidays } from "../../schedule/set-holidays.ts";
import { builder, type Types } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { shopArgs } from "../kit/shop.ts";
import { unwrap } from "../kit/unwrap.ts";
import { HolidayListType } from "./holiday-type.ts";
import { ScheduleInput, ScheduleStateEnum, scheduleOfInput } from "./schedule-input.ts";
import { BackfillType, PreviewType, previewArgs, ScheduleType } from "./schedule-type.ts";

const viewers = { role: "viewer" } as const;
const editors = { role: "editor" } as const;

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const which = (t: Fields) => ({
  scheduleId: t.globalID({ for: ScheduleType, required: true, description: "Which one." }),
});

connectionField("Query", "schedules", ScheduleType, {
  description: "Schedules, the oldest first.",
  scopes: viewers,
  args: (arg) => ({
    state: arg({ type: ScheduleStateEnum, description: "Only those in this state." }),
    ...shopArgs(arg),
  }),
  cursor: ({ id }) => id,
  list: (ctx, { state, shop, after, limit }) =>
    listSchedules(ctx, { state: state ?? undefined, shop: shop ?? undefined, after, limit }),
});

builder.queryField("schedule", (t) =>
  t.field({
    type: ScheduleType,
    nullable: true,
    description: "A schedule; null when there is none of this id.",
    authScopes: viewers,
    args: { id: t.arg.globalID({ for: ScheduleType, required: true, description: "Which one." }) },
    resolve: async (_root, { id }, { ctx }) => (await schedulesById(ctx, [toRowId(id.id)]))[0],
  }),
);

connectionField("Query", "holidayLists", HolidayListType, {
  description: "Lists of days on which nothing comes of the schedules that name them.",
  scopes: viewers,
  cursor: ({ id }) => id,
  list: listHolidays,
});

builder.queryField("schedulePreview", (t) =>
  t.field({
    type: [PreviewType],
    description: "The times at which a schedule would fire, before it is anybody's; an error for one that cannot be.",
    authScopes: viewers,
    args: {
      schedule: t.arg({ type: ScheduleInput, required: true, description: "The schedule." }),
      ...previewArgs(t.arg),
    },
    complexity: ({ first }) => ({ field: 1, multiplier: Math.min(first ?? 20, 100) }),
    resolve: async (_root, { schedule, first, zone }, { ctx }) =>
      unwrap(await previewOfSaid(ctx, scheduleOfInput(schedule), { n: first ?? 20, zone })),
  }),
);

refusable("pauseSchedule", {
  description: "Nothing fires of a schedule until it is resumed; what comes due meanwhile is skipped, and says so.",
  scopes: editors,
  result: ScheduleType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...which(t),
    reason: t.string({
      description: "Why, at most 500 characters: it stands on the schedule as long as it is paused.",
      validate: z.string().max(500, "is longer than 500 characters"),
    }),
  }),
  resolve: ({ scheduleId, reason }, ctx) =>
    pauseSchedule(ctx, { id: toRowId(scheduleId.id), note: reason ?? undefined }),
});

refusable("resumeSchedule", {
  description: "It fires again what comes due from now on.",
  scopes: editors,
  result: ScheduleType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: which,
  resolve: ({ scheduleId }, ctx) => resumeSchedule(ctx, { id: toRowId(scheduleId.id) }),
});

refusable("cancelOccurrence", {
  description: "Has one planned time of a schedule not come.",
  scopes: editors,
  result: ScheduleType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...which(t),
    plannedAt: t.field({ type: "DateTime", required: true, description: "Which one, as it is planned." }),
  }),
  resolve: ({ scheduleId, plannedAt }, ctx) => cancelOccurrence(ctx, { id: toRowId(scheduleId.id), plannedAt }),
});

refusable("backfillSchedule", {
  description:
    "Makes up for times that have passed and did not fire: each fires now, once, whatever the policies say. At most " +
    "100 at once; `dryRun` says which they are, and does nothing.",
  scopes: editors,
  result: BackfillType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    ...which(t),
    from: t.field({ type: "DateTime", required: true, description: "The first that is looked at." }),
    until: t.field({ type: "DateTime", required: true, description: "The last; in the past." }),
    dryRun: t.boolean({ defaultValue: false, description: "Whether it is only tried." }),
  }),
  resolve: ({ scheduleId, from, until, dryRun }, ctx) =>
    backfillSchedule(ctx, { id: toRowId(scheduleId.id), from, until, dryRun: dryRun ?? false }),
});

refusable("setHolidays", {
  description:
    "Says on which days nothing comes of the schedules that name this list: makes it, or replaces all of its days. " +
    "What they have planned follows.",
  scopes: editors,
  result: HolidayListType,
  refusals: {},
  input: (t) => ({
    name: t.string({ required: true, description: "Its name, 1–100 characters." }),
    dates: t.stringList({ required: true, description: "Its days, `2027-12-25`; at most 2,000." }),
    shop: t.string({ description: "The number of the shop whose it is; yours unless given." }),
  }),
  resolve: ({ name, dates, shop }, ctx) => setHolidays(ctx, { name, dates: [...dates], shop: shop ?? undefined }),
});
