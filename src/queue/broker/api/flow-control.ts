import { z } from "zod";
import type { Lanes } from "../delivery/lane/lanes.ts";
import { flowLane } from "../lane-key.ts";
import { reject } from "../rejection.ts";
import type { Committer } from "../store/commit.ts";
import type { FlowRow } from "../store/flow-rows.ts";
import type { Store } from "../store/store.ts";
import { adaptiveBatchSize, nextTurn } from "./batch-size.ts";
import type { Answer, Call, Routes } from "./http.ts";

interface FlowControlParts {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  readonly dispatcher: { readonly lanes: Lanes; readonly running: number; readonly maxRunning: number };
  /** Hears of lanes whose limits are others now. */
  readonly onLimits: (lane: string) => void;
}

/** The routes that show and steer flow-control keys. Steering a key that is not known yet makes it. */
export function flowControlRoutes(parts: FlowControlParts): Routes {
  const { store, dispatcher } = parts;
  return {
    "GET /v2/flowControl": async ({ query }) => ({ json: await list(parts, query.get("search") ?? "") }),
    "GET /v2/flowControl/:id": ({ id }) => {
      const flow = store.flow.get(id);
      return flow ? { json: flowView(parts, flow) } : reject(404, `flow control key ${id.slice(0, 100)} not found`);
    },
    "POST /v2/flowControl/:id/pause": ({ id }) => change(parts, id, () => ({ paused: 1 })),
    "POST /v2/flowControl/:id/resume": ({ id }) => change(parts, id, () => ({ paused: 0 })),
    "POST /v2/flowControl/:id/pin": (call) => pin(parts, call),
    "POST /v2/flowControl/:id/unpin": ({ id, query }) => unpin(parts, id, query),
    "POST /v2/flowControl/:id/resetRate": ({ id }) => resetRate(parts, id),
    "GET /v2/globalParallelism": () => ({
      json: { parallelismMax: dispatcher.maxRunning, parallelismCount: dispatcher.running },
    }),
  };
}

/** Keys looked at between two turns of the event loop at most. */
const maxBatch = 2_000;

async function list(parts: FlowControlParts, search: string): Promise<readonly Record<string, unknown>[]> {
  const { store } = parts;
  const batchSize = adaptiveBatchSize(maxBatch);
  const views: Record<string, unknown>[] = [];
  for (let after: string | undefined = ""; after !== undefined; await nextTurn()) {
    const from: string = after;
    after = batchSize.run((size) => {
      const flows = store.flowsAfter.all(from, size);
      for (const flow of flows) if (flow.key.includes(search)) views.push(flowView(parts, flow));
      return flows.at(-1)?.key;
    });
  }
  return views;
}

function resetRate({ dispatcher, now, onLimits }: FlowControlParts, id: string): Answer {
  dispatcher.lanes.get(flowLane(id))?.limiter.reset(now());
  onLimits(flowLane(id));
  return {};
}

const count = z.coerce.number().int().min(1).max(999_999_999).optional();
const limits = z.object({ parallelism: count, rate: count, period: count });

/** Sets limits that messages do not change until they are unpinned, and begins a new period. */
async function pin(parts: FlowControlParts, { id, query }: Call): Promise<Answer> {
  const asked = limits.safeParse(Object.fromEntries(query));
  if (!asked.success) {
    const [issue] = asked.error.issues;
    return reject(400, `invalid ${issue?.path.join(".")}: must be a whole number of at least 1`);
  }
  const { parallelism, rate, period } = asked.data;
  if (parallelism === undefined && rate === undefined) return reject(400, "give a parallelism or a rate to pin");
  if (period !== undefined && rate === undefined) return reject(400, "a period is pinned with a rate");
  const periodMs = period === undefined ? null : period * 1_000;
  parts.dispatcher.lanes.get(flowLane(id))?.limiter.reset(parts.now());
  return await change(parts, id, () => ({
    ...(parallelism === undefined ? {} : { parallelism, pinnedParallelism: 1 }),
    ...(rate === undefined ? {} : { rate, period: periodMs, pinnedRate: 1 }),
  }));
}

/** The pinned limits hold until a message brings others. */
function unpin(parts: FlowControlParts, id: string, query: URLSearchParams): Promise<Answer> | Answer {
  if (!parts.store.flow.get(id)) return {};
  return change(parts, id, () => ({
    ...(query.get("parallelism") === "true" ? { pinnedParallelism: 0 } : {}),
    ...(query.get("rate") === "true" ? { pinnedRate: 0 } : {}),
  }));
}

const unset = { parallelism: null, rate: null, period: null, paused: 0, pinnedParallelism: 0, pinnedRate: 0 };

async function change(
  { store, committer, onLimits }: FlowControlParts,
  id: string,
  by: () => Partial<Omit<FlowRow, "key">>,
): Promise<Answer> {
  if (id === "" || id.length > 512) return reject(400, "a flow control key has 1 to 512 characters");
  await committer.commit(() => {
    const flow = { ...unset, ...store.flow.get(id), ...by() };
    const { parallelism, rate, period, paused, pinnedParallelism, pinnedRate } = flow;
    store.saveFlow.run(id, parallelism, rate, period, paused, pinnedParallelism, pinnedRate);
  });
  onLimits(flowLane(id));
  return {};
}

function flowView({ store, now, dispatcher }: FlowControlParts, flow: FlowRow): Record<string, unknown> {
  const lane = flowLane(flow.key);
  const time = now();
  const counts = dispatcher.lanes.get(lane)?.limiter.counts(time);
  const { running = 0, used = 0, opened } = counts ?? {};
  return {
    flowControlKey: flow.key,
    waitListSize: Math.max(0, store.countDueInLane(lane, time) - running),
    parallelismMax: flow.parallelism ?? undefined,
    parallelismCount: running,
    rateMax: flow.rate ?? undefined,
    rateCount: used,
    ratePeriod: flow.rate === null ? undefined : (flow.period ?? 1_000) / 1_000,
    ratePeriodStart: opened === undefined ? undefined : Math.floor(opened / 1_000),
    isPaused: flow.paused === 1,
    isPinnedParallelism: flow.pinnedParallelism === 1,
    isPinnedRate: flow.pinnedRate === 1,
  };
}
