import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { type Issue, isRefusal, refuse } from "../../errors.ts";
import { configuredLimits, flowKey, flowOfKey, type KeptFlow, listFlows } from "../../queue/flow.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";

/** A flow: messages that share a rate and a parallelism. */
export interface QueueFlow {
  readonly name: string;
  /** Due and not delivered yet, held back by the limits or a pause. */
  readonly waiting: number;
  readonly running: number;
  /** Deliveries at the same time at most; null for no limit. */
  readonly parallelism: number | null;
  readonly rate: FlowRate | null;
  readonly paused: boolean;
  /** Whether an operator's limits are in force, which messages do not change. */
  readonly pinned: boolean;
}

/** Deliveries that may begin in a period. */
export interface FlowRate {
  readonly most: number;
  readonly seconds: number;
  /** Begun in the period that runs. */
  readonly used: number;
  /** When the next period begins (ms); null where none has begun. */
  readonly opensAt: number | null;
}

/**
 * Every flow of this installation: those that are configured, and those that the queue knows besides. Asks the queue
 * once.
 */
export async function listQueueFlows(ctx: Context): Promise<QueueFlow[]> {
  const { settings } = ctx.queue;
  const kept = new Map<string, KeptFlow>();
  for (const flow of await listFlows(settings)) {
    const name = flowOfKey(settings, flow.flowControlKey);
    if (name !== undefined) kept.set(name, flow);
  }
  const names = new Set([...Object.keys(settings.flows), ...kept.keys()]);
  return [...names].map((name) => toFlow(ctx, name, kept.get(name)));
}

function toFlow({ queue }: Context, name: string, kept: KeptFlow | undefined): QueueFlow {
  const usual = configuredLimits(queue.settings, name);
  if (!kept) {
    const { parallelism = null, ratePerSecond } = usual ?? {};
    const rate = ratePerSecond === undefined ? null : { most: ratePerSecond, seconds: 1, used: 0, opensAt: null };
    return { name, waiting: 0, running: 0, parallelism, rate, paused: false, pinned: false };
  }
  const { rateMax, ratePeriod = 1, ratePeriodStart } = kept;
  return {
    name,
    waiting: kept.waitListSize,
    running: kept.parallelismCount,
    parallelism: kept.parallelismMax || null,
    rate: rateMax
      ? {
          most: rateMax,
          seconds: ratePeriod,
          used: kept.rateCount,
          opensAt: ratePeriodStart ? (ratePeriodStart + ratePeriod) * 1_000 : null,
        }
      : null,
    paused: kept.isPaused,
    pinned: kept.isPinnedParallelism || kept.isPinnedRate,
  };
}

/**
 * Holds a flow's messages back until it is resumed. What runs ends; nothing is lost. INVALID_INPUT for no flow of ours.
 */
export function pauseFlow(ctx: Context, { flow }: { flow: string }) {
  return steer(ctx, flow, ["flow.paused", "paused", ({ paused }) => paused], (key) =>
    ctx.queue.client.flowControl.pause(key),
  );
}

/** Lets a flow's messages go on. */
export function resumeFlow(ctx: Context, { flow }: { flow: string }) {
  return steer(ctx, flow, ["flow.resumed", "resumed", ({ paused }) => !paused], (key) =>
    ctx.queue.client.flowControl.resume(key),
  );
}

export interface FlowLimits {
  readonly flow: string;
  readonly parallelism?: number | undefined;
  /** Deliveries that may begin in `periodSeconds`, a second unless given. */
  readonly rate?: number | undefined;
  readonly periodSeconds?: number | undefined;
}

/**
 * Gives a flow limits that hold, whatever its messages bring with them, until {@link clearFlowLimits}. INVALID_INPUT
 * names faults.
 */
export async function setFlowLimits(ctx: Context, limits: FlowLimits) {
  const { flow, parallelism, rate, periodSeconds } = limits;
  const faults = [
    ...fault("parallelism", parallelism, mostLimit),
    ...fault("rate", rate, mostLimit),
    ...fault("periodSeconds", periodSeconds, longestPeriod),
    ...(parallelism === undefined && rate === undefined
      ? [{ path: "parallelism", message: "give a parallelism, a rate or both" }]
      : []),
    ...(periodSeconds !== undefined && rate === undefined
      ? [{ path: "periodSeconds", message: "is the period of a rate; give that, too" }]
      : []),
  ];
  if (faults.length > 0) return refuse.invalid(faults);
  const pin = {
    ...(parallelism !== undefined && { parallelism }),
    ...(rate !== undefined && { rate, period: periodSeconds ?? 1 }),
  };
  const words = Object.entries(pin).map(([name, value]) => `${name} ${value}`);
  return steer(ctx, flow, ["flow.limited", `limited: ${words.join(", ")}`], (key) =>
    ctx.queue.client.flowControl.pin(key, pin),
  );
}

/** Gives a flow the limits back that it is configured with, which its messages bring with them. */
export function clearFlowLimits(ctx: Context, { flow }: { flow: string }) {
  const { flowControl } = ctx.queue.client;
  return steer(ctx, flow, ["flow.unlimited", "given its usual limits back"], async (key) => {
    const now = (await listQueueFlows(ctx)).find(({ name }) => name === flow);
    const usual = configuredLimits(ctx.queue.settings, flow);
    // The queue would keep the pinned limits until the next message brings others, and cannot be told that there are
    // none.
    const parallelism = usual?.parallelism ?? (now?.parallelism ? mostLimit : undefined);
    const rate = usual?.ratePerSecond ?? (now?.rate ? mostLimit : undefined);
    if (parallelism === undefined && rate === undefined) return;
    await flowControl.pin(key, {
      ...(parallelism !== undefined && { parallelism }),
      ...(rate !== undefined && { rate, period: 1 }),
    });
    await flowControl.unpin(key, { parallelism: true, rate: true });
  });
}

const mostLimit = 100_000;
const longestPeriod = 7 * 86_400;

function fault(path: string, value: number | undefined, most: number): Issue[] {
  return value === undefined || (value >= 1 && value <= most)
    ? []
    : [{ path, message: `must be between 1 and ${most}` }];
}

/**
 * Who did what is written down before the queue does it, which commits with nothing of ours; not where the flow is so
 * already.
 */
async function steer(
  ctx: Context,
  flow: string,
  [event, what, isSo = () => false]: readonly [event: string, what: string, isSo?: (flow: QueueFlow) => boolean],
  act: (key: string) => Promise<unknown>,
) {
  const known = await checkFlow(ctx, flow);
  if (isRefusal(known)) return known;
  if (!isSo(await flowNow(ctx, flow))) await ctx.db.write([auditDeed(ctx, subjectOf("flow", flow), what)]);
  await act(flowKey(ctx.queue.settings, flow));
  ctx.log("info", event, { flow, actor: describeActor(ctx.actor) });
  return flowNow(ctx, flow);
}

async function flowNow(ctx: Context, flow: string): Promise<QueueFlow> {
  return (await listQueueFlows(ctx)).find(({ name }) => name === flow) ?? toFlow(ctx, flow, undefined);
}

/**
 * A flow that is configured, or part of one, such as `webhooks.3`; or one of earlier times that the queue still knows.
 */
async function checkFlow(ctx: Context, flow: string) {
  const { settings } = ctx.queue;
  if (/^[\w.-]{1,100}$/.test(flow)) {
    if (configuredLimits(settings, flow)) return flow;
    if ((await listQueueFlows(ctx)).some(({ name }) => name === flow)) return flow;
  }
  const names = Object.keys(settings.flows).join(", ");
  return refuse.invalid([{ path: "flow", message: `must be one of ${names}` }]);
}
