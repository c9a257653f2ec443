import type { InFlight } from "../../operations/queue/in-flight.ts";
import type { Backlog } from "../../operations/queue/outbox.ts";
import {
  type DeadLetterCount,
  type QueueFigures,
  type QueueStatus,
  queueStatus,
  type Rates,
} from "../../operations/queue/status.ts";
import type { Sweeps } from "../../operations/queue/sweeps.ts";
import { type Mending, type MendingCause, mendingCauses } from "../../operations/queue/watch.ts";
import { builder } from "../kit/builder.ts";
import { enumOf } from "../kit/enum.ts";
import { QueueFlowType } from "./queue-flow.ts";

const viewers = { platform: "viewer" } as const;

const OutboxBacklogType = builder.objectRef<Backlog>("OutboxBacklog").implement({
  description: "Messages that are committed and not yet taken by the queue.",
  authScopes: viewers,
  fields: (t) => ({
    waiting: t.exposeInt("waiting", { description: "How many." }),
    oldestAt: t.expose("oldestAt", {
      type: "DateTime",
      nullable: true,
      description: "When the oldest was committed; null when there is none.",
    }),
    error: t.exposeString("error", { nullable: true, description: "Why the queue did not take them, lately." }),
    pausedUntil: t.expose("pausedUntil", {
      type: "DateTime",
      nullable: true,
      description: "While the queue is away: when this process asks it again.",
    }),
  }),
});

const InFlightType = builder.objectRef<InFlight>("QueueInFlight").implement({
  description: "Deliveries under way in the whole queue, other installations' included where they share it.",
  authScopes: viewers,
  fields: (t) => ({
    running: t.exposeInt("running", { description: "How many." }),
    most: t.exposeInt("most", { description: "How many there may be; 0 for no limit." }),
  }),
});

const DeadLetterCountType = builder.objectRef<DeadLetterCount>("DeadLetterCount").implement({
  description: "Dead letters, counted as far as a few requests lead.",
  authScopes: viewers,
  fields: (t) => ({
    atLeast: t.exposeInt("atLeast", { description: "How many there are at least." }),
    more: t.exposeBoolean("more", { description: "Whether there may be more." }),
  }),
});

const RatesType = builder.objectRef<Rates>("QueueRates").implement({
  description: "What happened lately, from the newest 500 entries of the queue's log and at most five minutes back.",
  authScopes: viewers,
  fields: (t) => ({
    since: t.expose("since", { type: "DateTime", description: "From when on." }),
    seconds: t.exposeInt("seconds", { description: "How long that is." }),
    deliveredPerMinute: t.exposeFloat("deliveredPerMinute", { description: "Messages delivered." }),
    failedAttemptsPerMinute: t.exposeFloat("failedAttemptsPerMinute", { description: "Attempts that failed." }),
    deadPerMinute: t.exposeFloat("deadPerMinute", { description: "Messages given up." }),
    meanAttempts: t.exposeFloat("meanAttempts", {
      nullable: true,
      description: "Attempts for each message that was delivered or given up; null where none was.",
    }),
  }),
});

const QueueFiguresType = builder.objectRef<QueueFigures>("QueueFigures").implement({
  description: "What the queue tells of this installation.",
  authScopes: viewers,
  fields: (t) => ({
    flows: t.expose("flows", { type: [QueueFlowType], description: "Every flow." }),
    inFlight: t.expose("inFlight", { type: InFlightType, description: "Deliveries under way." }),
    deadLetters: t.expose("deadLetters", {
      type: DeadLetterCountType,
      description: "How many dead letters there are.",
    }),
    rates: t.expose("rates", { type: RatesType, description: "What happened lately." }),
  }),
});

const causes: Readonly<Record<MendingCause, string>> = {
  MISSING: "It was not there: somebody had removed it.",
  FOREIGN: "It led elsewhere: somebody had taken it over.",
  PAUSED: "Somebody had paused it.",
  CHANGED: "It came at other times than it should.",
};

const MendingType = builder.objectRef<Mending>("QueueMending").implement({
  description: "A schedule or a URL group at the queue that was not as it should be, and is again.",
  authScopes: viewers,
  fields: (t) => ({
    name: t.exposeString("name", { description: "The queue's name for it." }),
    was: t.expose("was", {
      type: enumOf("QueueMendingCause", "What was wrong with it.", mendingCauses, (cause) => causes[cause]),
      description: "What was wrong with it.",
    }),
    at: t.expose("at", { type: "DateTime", description: "When it was set right." }),
  }),
});

const SweepsType = builder.objectRef<Sweeps>("QueueSweeps").implement({
  description:
    "The sweeps that the queue starts every minute: they find lost work. This process looks every 20 seconds whether " +
    "what recurs is armed at the queue.",
  authScopes: viewers,
  fields: (t) => ({
    coming: t.exposeBoolean("coming", { description: "Whether one came in the last two and a half minutes." }),
    lastAt: t.expose("lastAt", { type: "DateTime", nullable: true, description: "When the last one came." }),
    checkedAt: t.expose("checkedAt", {
      type: "DateTime",
      nullable: true,
      description: "When this process last found, or set, everything right at the queue.",
    }),
    error: t.exposeString("error", { nullable: true, description: "Why it could not look, the last time." }),
    mended: t.expose("mended", {
      type: [MendingType],
      description: "What it set right since it was started, the newest first, 20 at most.",
    }),
  }),
});

const QueueStatusType = builder.objectRef<QueueStatus>("QueueStatus").implement({
  description: "How the queue is.",
  authScopes: viewers,
  fields: (t) => ({
    outbox: t.expose("outbox", { type: OutboxBacklogType, description: "What waits here for the queue." }),
    sweeps: t.expose("sweeps", { type: SweepsType, description: "Whether lost work is looked for." }),
    queue: t.expose("queue", {
      type: QueueFiguresType,
      nullable: true,
      description: "What the queue tells; null while it does not answer.",
    }),
    error: t.exposeString("error", { nullable: true, description: "Why it does not answer." }),
  }),
});

builder.queryField("queueStatus", (t) =>
  t.field({
    type: QueueStatusType,
    description: "How the queue is: what waits for it and in it, what holds it back, and how it did lately.",
    authScopes: viewers,
    complexity: 20,
    resolve: (_root, _args, { ctx }) => queueStatus(ctx),
  }),
);
