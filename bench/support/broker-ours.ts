import { now, publishEvenly, publishInBatches, publishSingly } from "./broker-publish.ts";
import { type Rig, startRig } from "./broker-rig.ts";

/** Of the messages of all parts but the delayed ones. */
export const bodyBytes = 100;
const delayedBodyBytes = 500;
const latencyPerSecond = 500;

/** One round of the broker; rates per second, latencies in ms. */
export interface Ours {
  readonly sustained: number;
  readonly single: number;
  readonly batched: number;
  readonly deliveries: number;
  readonly p50: number;
  readonly p99: number;
}

/** `messages` is a multiple of 200. */
export async function measureOurs(messages: number): Promise<Ours> {
  const rig = await startRig();
  try {
    const sustained = await measureSustained(rig, messages / 2);
    const load = { destination: rig.empty, bodyBytes, notBefore: later(messages / sustained) };
    const half = messages / 2;
    await rig.forget();
    const single = await publishSingly(rig, load, half);
    const batched = await publishInBatches(rig, load, messages - half);
    const deliveries = await firing(rig, load.notBefore, messages);
    return { sustained, single, batched, deliveries, ...(await measureLatency(rig, Math.ceil(messages / 10))) };
  } finally {
    await rig.stop();
  }
}

export interface Delayed {
  readonly messages: number;
  readonly bodyBytes: number;
  readonly acceptancesPerSecond: number;
  readonly bytesOnDiskEach: number;
  readonly rssMiB: { readonly empty: number; readonly loaded: number; readonly peak: number };
  readonly rssGrowthMiB: number;
  readonly deliveriesPerSecond: number;
}

/** Many messages that wait, and what happens when they all become due; `expected` acceptances per second. */
export async function measureDelayed(messages: number, expected: number): Promise<Delayed> {
  const rig = await startRig();
  try {
    const empty = await rig.residentMiB();
    const load = { destination: rig.empty, bodyBytes: delayedBodyBytes, notBefore: later((2 * messages) / expected) };
    const accepted = await publishInBatches(rig, load, messages);
    const bytes = rig.bytesOnDisk();
    const loaded = await rig.residentMiB();
    const fired = await firing(rig, load.notBefore, messages);
    return {
      messages,
      bodyBytes: delayedBodyBytes,
      acceptancesPerSecond: Math.round(accepted),
      bytesOnDiskEach: Math.round(bytes / messages),
      rssMiB: { empty, loaded, peak: await rig.stop() },
      rssGrowthMiB: loaded - empty,
      deliveriesPerSecond: Math.round(fired),
    };
  } finally {
    await rig.stop();
  }
}

/** Publishing and delivering at once: messages per second from the first request to the last delivery. */
async function measureSustained(rig: Rig, total: number): Promise<number> {
  const began = now();
  await publishSingly(rig, { destination: rig.empty, bodyBytes }, total);
  const last = await delivered(rig, total);
  return (total / (last - began)) * 1000;
}

/**
 * Deliveries per second of what is due at a moment; from then on, or from now if loading it took longer than thought.
 */
async function firing(rig: Rig, notBefore: number, total: number): Promise<number> {
  const due = notBefore * 1000;
  const loaded = now();
  const early = loaded < due ? 0 : (await rig.calls()).calls;
  const last = await delivered(rig, total);
  return ((total - early) / (last - Math.max(due, loaded))) * 1000;
}

/** When the last of so many calls came. */
async function delivered(rig: Rig, total: number): Promise<number> {
  for (;;) {
    const { calls, last } = await rig.calls();
    if (calls >= total) return last;
    await Bun.sleep(50);
  }
}

async function measureLatency(rig: Rig, total: number): Promise<{ p50: number; p99: number }> {
  await publishEvenly(rig, rig.timed, latencyPerSecond, total);
  let waits = await rig.waits();
  while (waits.length < total) {
    await Bun.sleep(50);
    waits = await rig.waits();
  }
  waits.sort((a, b) => a - b);
  const at = (share: number) => Number((waits[Math.floor(waits.length * share)] ?? 0).toFixed(2));
  return { p50: at(0.5), p99: at(0.99) };
}

/** A whole second, at least so many seconds away. */
function later(seconds: number): number {
  return Math.ceil(now() / 1000 + seconds) + 1;
}
