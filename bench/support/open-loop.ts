import type { Answer } from "./app-operations.ts";
import { type Asked, keyed, postOf } from "./requests.ts";

/** What came of requests that were sent at their time, whatever became of those before. Latencies in ms. */
export interface Held {
  readonly sent: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** What was answered otherwise than it should, or not at all; the first few in words. */
  readonly failed: number;
  readonly faults: readonly string[];
}

interface Plan {
  readonly url: string;
  /** Asked one after the other, and again from the first on. */
  readonly requests: readonly Asked[];
  readonly perSecond: number;
  readonly seconds: number;
  fault(answer: Answer): string | undefined;
}

/**
 * Sends so many requests a second for so long. A latency is counted from when its request was due, so that one that
 * could not be sent for others that wait is late, too.
 */
export async function hold({ url, requests, perSecond, seconds, fault }: Plan): Promise<Held> {
  const times: number[] = [];
  const faults: string[] = [];
  let failed = 0;
  const under = new Set<Promise<void>>();
  const send = async (asked: Asked, due: number) => {
    const wrong = await answerOf(url, asked).then(fault, String);
    times.push(performance.now() - due);
    if (wrong === undefined) return;
    failed += 1;
    if (faults.length < 5) faults.push(wrong);
  };
  const began = performance.now();
  const all = Math.round(perSecond * seconds);
  for (let n = 0; n < all; ) {
    const due = Math.min(all, Math.floor(((performance.now() - began) / 1_000) * perSecond));
    for (; n < due; n++) {
      const asked = requests[n % requests.length];
      if (!asked) throw new Error("there is nothing to ask");
      const sending = send(asked, began + (n / perSecond) * 1_000).finally(() => under.delete(sending));
      under.add(sending);
    }
    await Bun.sleep(1);
  }
  const took = (performance.now() - began) / 1_000;
  await Promise.all(under);
  times.sort((a, b) => a - b);
  const at = (share: number) => Number((times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1));
  const max = Number((times.at(-1) ?? Number.NaN).toFixed(1));
  return { sent: all, perSecond: Math.round(all / took), p50: at(0.5), p99: at(0.99), max, failed, faults };
}

async function answerOf(url: string, asked: Asked): Promise<Answer> {
  const response = await fetch(url, { ...postOf(keyed(asked)), signal: AbortSignal.timeout(30_000) });
  return response.json();
}
