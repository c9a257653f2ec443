import { z } from "zod";
import { queueLane } from "../lane-key.ts";
import { isRejection, type Rejection, reject } from "../rejection.ts";
import type { Committer } from "../store/commit.ts";
import type { QueueRow } from "../store/queue-rows.ts";
import type { Store } from "../store/store.ts";
import { readJson } from "./body.ts";
import { type Cancelling, cancelQueue } from "./cancel.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { invalidName, name } from "./name.ts";

interface QueueParts extends Cancelling {
  readonly store: Store;
  readonly committer: Committer;
  readonly now: () => number;
  /** Hears of lanes whose limits are others now. */
  readonly onLimits: (lane: string) => void;
}

const maxParallelism = 1_000;
const wanted = z.object({
  queueName: z.string("queueName is missing"),
  parallelism: z.int("parallelism must be a whole number").min(1, "parallelism must be at least 1").default(1),
  paused: z.boolean("paused must be true or false").optional(),
});

/** The routes of named queues. One is made by the first message that names it, too. */
export function queueRoutes(parts: QueueParts): Routes {
  const { store } = parts;
  return {
    "POST /v2/queues": (call) => upsert(parts, call),
    "GET /v2/queues": () => ({ json: store.queues.all().map((queue) => queueView(store, queue)) }),
    "GET /v2/queues/:id": ({ id }) => {
      const queue = checked(id) ?? store.queue.get(id) ?? reject(404, `queue ${id} not found`);
      return isRejection(queue) ? queue : { json: queueView(store, queue) };
    },
    "DELETE /v2/queues/:id": ({ id }) => checked(id) ?? remove(parts, id),
    "POST /v2/queues/:id/pause": ({ id }) => checked(id) ?? setPaused(parts, id, true),
    "POST /v2/queues/:id/resume": ({ id }) => checked(id) ?? setPaused(parts, id, false),
  };
}

async function upsert(parts: QueueParts, { request }: Call): Promise<Answer> {
  const asked = wanted.safeParse(readJson(await request.bytes()));
  if (!asked.success) return reject(400, `invalid queue: ${asked.error.issues[0]?.message}`);
  const { queueName, parallelism, paused } = asked.data;
  if (parallelism > maxParallelism) return reject(412, `a queue's parallelism is at most ${maxParallelism}`);
  return checked(queueName) ?? (await save(parts, queueName, { parallelism, paused }));
}

/** Pausing a queue that is not there makes it, so that what comes waits. */
function setPaused(parts: QueueParts, id: string, paused: boolean): Promise<Answer> {
  return save(parts, id, { paused });
}

async function save(
  { store, committer, now, onLimits }: QueueParts,
  id: string,
  change: { parallelism?: number; paused?: boolean | undefined },
): Promise<Answer> {
  await committer.commit(() => {
    const kept = store.queue.get(id);
    const paused = change.paused === undefined ? (kept?.paused ?? 0) : Number(change.paused);
    store.saveQueue.run(id, change.parallelism ?? kept?.parallelism ?? 1, paused, now());
  });
  onLimits(queueLane(id));
  return {};
}

/**
 * What waits in the queue is cancelled first: while it is paused, none of that gets away. What came meanwhile has a
 * queue of its own.
 */
async function remove(parts: QueueParts, id: string): Promise<Answer> {
  const { store, committer, now, onLimits } = parts;
  if (!store.queue.get(id)) return reject(404, `queue ${id} not found`);
  await cancelQueue(parts, id);
  await committer.commit(() => {
    store.removeQueue.run(id);
    if (store.countInQueue(id) > 0) store.ensureQueue.run(id, now());
  });
  onLimits(queueLane(id));
  return {};
}

function checked(id: string): Rejection | undefined {
  return name.safeParse(id).success ? undefined : reject(400, invalidName("queue", id));
}

function queueView(store: Store, queue: QueueRow): Record<string, unknown> {
  const { name, parallelism, created, updated, paused } = queue;
  const lag = store.countInQueue(name);
  return { name, parallelism, paused: paused === 1, lag, createdAt: created, updatedAt: updated };
}
