import {
  clearFlowLimits,
  type FlowRate,
  pauseFlow,
  type QueueFlow,
  resumeFlow,
  setFlowLimits,
} from "../../operations/queue/flow.ts";
import { builder, type Types } from "../kit/builder.ts";
import { refusable } from "../kit/refusable.ts";
import { fromQueue } from "./queue-answer.ts";

const viewers = { platform: "viewer" } as const;
const editors = { platform: "editor" } as const;

const FlowRateType = builder.objectRef<FlowRate>("QueueFlowRate").implement({
  description: "Deliveries that may begin in a period.",
  authScopes: viewers,
  fields: (t) => ({
    most: t.exposeInt("most", { description: "How many at most." }),
    periodSeconds: t.exposeInt("seconds", { description: "How long a period is." }),
    used: t.exposeInt("used", { description: "How many began in the period that runs." }),
    opensAt: t.expose("opensAt", {
      type: "DateTime",
      nullable: true,
      description: "When the next period begins; null before the first.",
    }),
  }),
});

export const QueueFlowType = builder.objectRef<QueueFlow>("QueueFlow").implement({
  description:
    "Messages that share a rate and a parallelism: a channel's sends, the pages of runs (`pages`), events " +
    "(`events`), an endpoint's events (`webhooks.3`), and whatever has no flow of its own (`default`).",
  authScopes: viewers,
  fields: (t) => ({
    name: t.exposeString("name", { description: "As the flow mutations take it." }),
    waiting: t.exposeInt("waiting", { description: "Due, and not delivered yet." }),
    running: t.exposeInt("running", { description: "Being delivered." }),
    parallelism: t.exposeInt("parallelism", {
      nullable: true,
      description: "Deliveries at the same time at most; null for no limit.",
    }),
    rate: t.expose("rate", { type: FlowRateType, nullable: true, description: "Null for no limit." }),
    paused: t.exposeBoolean("paused", { description: "Whether nothing of it is delivered until it is resumed." }),
    pinned: t.exposeBoolean("pinned", {
      description: "Whether its limits are an operator's (`setFlowLimits`), which its messages do not change.",
    }),
  }),
});

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const which = (t: Fields) => ({ flow: t.string({ required: true, description: "Its name, e.g. EMAIL or pages." }) });

refusable("pauseFlow", {
  description:
    "Holds a flow's messages back until it is resumed. What is being delivered ends; nothing is lost. A flow's " +
    "parts, such as `webhooks.3`, are flows of their own.",
  scopes: editors,
  result: QueueFlowType,
  refusals: {},
  input: which,
  resolve: ({ flow }, ctx) => fromQueue(pauseFlow(ctx, { flow })),
});

refusable("resumeFlow", {
  description: "Lets a flow's messages go on.",
  scopes: editors,
  result: QueueFlowType,
  refusals: {},
  input: which,
  resolve: ({ flow }, ctx) => fromQueue(resumeFlow(ctx, { flow })),
});

refusable("setFlowLimits", {
  description:
    "Gives a flow limits that hold until `clearFlowLimits`, and begins a new period. What is left out stays as it is.",
  scopes: editors,
  result: QueueFlowType,
  refusals: {},
  input: (t) => ({
    ...which(t),
    parallelism: t.int({ description: "Deliveries at the same time at most, 1–100,000." }),
    rate: t.int({ description: "Deliveries that may begin in a period, 1–100,000." }),
    periodSeconds: t.int({ description: "The rate's period, up to a week; a second unless given." }),
  }),
  resolve: ({ flow, parallelism, rate, periodSeconds }, ctx) =>
    fromQueue(
      setFlowLimits(ctx, {
        flow,
        parallelism: parallelism ?? undefined,
        rate: rate ?? undefined,
        periodSeconds: periodSeconds ?? undefined,
      }),
    ),
});

refusable("clearFlowLimits", {
  description: "Gives a flow its usual limits back.",
  scopes: editors,
  result: QueueFlowType,
  refusals: {},
  input: which,
  resolve: ({ flow }, ctx) => fromQueue(clearFlowLimits(ctx, { flow })),
});
