import { QstashError } from "@upstash/qstash";
import { z } from "zod";
import { withoutNulls } from "../foreign-json.ts";
import { nameAtQueue, nameFromQueue } from "./installation.ts";
import type { Flow, QueueSettings } from "./qstash.ts";

/** The flow of messages that name none. */
export const defaultFlow = "default";
/** The flow of messages about events. */
export const eventFlow = "events";

/** The queue's own flows. They limit nothing that happens: their messages, too, are to be counted and held. */
export const queueFlows: Readonly<Record<string, Flow>> = {
  [defaultFlow]: { parallelism: 32 },
  [eventFlow]: { parallelism: 32 },
};

/** What the queue calls a flow. */
export function flowKey(settings: QueueSettings, flow: string): string {
  return nameAtQueue(settings, flow);
}

/** The flow of this installation that the queue calls so; undefined for another's. */
export function flowOfKey(settings: QueueSettings, key: string): string | undefined {
  return nameFromQueue(settings, key);
}

/** The limits that a flow's messages bring with them: `a.1` has those of `a`. Undefined for a flow that has none. */
export function configuredLimits({ flows }: QueueSettings, flow: string): Flow | undefined {
  const name = flow.split(".")[0] ?? "";
  return Object.hasOwn(flows, name) ? flows[name] : undefined;
}

/** A flow as the queue counts it. */
const KeptFlow = z.object({
  flowControlKey: z.string(),
  waitListSize: z.number().default(0),
  parallelismMax: z.number().optional(),
  parallelismCount: z.number().default(0),
  rateMax: z.number().optional(),
  rateCount: z.number().default(0),
  /** Seconds. */
  ratePeriod: z.number().optional(),
  /** Seconds since 1970. */
  ratePeriodStart: z.number().optional(),
  isPaused: z.boolean().default(false),
  isPinnedParallelism: z.boolean().default(false),
  isPinnedRate: z.boolean().default(false),
});
export type KeptFlow = z.infer<typeof KeptFlow>;

const timeoutMs = 10_000;

/**
 * Every flow of the account that the queue knows, in one request, for which the SDK has no call. Throws when the queue
 * is away.
 */
export async function listFlows({ url, token }: QueueSettings): Promise<KeptFlow[]> {
  const response = await fetch(`${url}/v2/flowControl`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new QstashError(`it answers ${response.status} when asked for its flows`, response.status);
  return z.array(KeptFlow).parse(withoutNulls(await response.json()));
}
