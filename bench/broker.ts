import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { version } from "bullmq/package.json";
import { measureBullmq, type Theirs, tryBullmq } from "./support/broker-bullmq.ts";
import { bodyBytes, measureDelayed, measureOurs, type Ours } from "./support/broker-ours.ts";
import { batchSize, inFlight } from "./support/broker-publish.ts";

/**
 * Messages per second of the embedded broker, as `fanfare broker` runs it: accepted, delivered when many become due,
 * and both at once; how long one is under way; what a million delayed ones cost. Beside it, in the same rounds on the
 * same machine, BullMQ's jobs per second with empty handlers on a real Redis, in the setup that was fastest of those
 * tried. Each part has processes of its own.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: "string", default: "50000" },
      delayed: { type: "string", default: "1000000" },
      rounds: { type: "string", default: "3" },
      "skip-delayed": { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  const whole = (text: string) => Math.max(1, Math.round(Number(text) / 1000)) * 1000;
  const messages = whole(values.messages);
  const rounds = await measure(messages, Number(values.rounds));
  const accepted = medianOf(rounds.ours, "batched");
  const delayed = values["skip-delayed"] ? undefined : await measureDelayed(whole(values.delayed), accepted);
  const result = { ...summary(rounds), delayed, settings: { messages, rounds: rounds.ours.length, ...settings } };
  if (!values.json) {
    const { deliveriesPerSecond, ratio, ratios, bullmq } = result;
    console.error(
      `${deliveriesPerSecond} deliveries/s, ${ratio} of BullMQ's ${bullmq.perSecond} jobs/s ` +
        `(rounds: ${ratios.join(", ")})`,
    );
  }
  console.log(JSON.stringify(result));
}

const settings = { bodyBytes, inFlight, batchSize, cores: availableParallelism() };
const fsync = {
  broker: "SQLite, WAL, synchronous=FULL: every acceptance is on disk before its answer",
  bullmq:
    "Redis, appendonly yes, appendfsync everysec (BullMQ's recommendation): up to a second of jobs may be lost; " +
    "`always` beside it",
};

async function measure(messages: number, count: number) {
  const tried = await tryBullmq(Math.max(1000, messages / 5), bodyBytes);
  const [setup] = tried;
  if (!setup) throw new Error("BullMQ was not tried");
  const ours: Ours[] = [];
  const everysec: Theirs[] = [];
  const always: Theirs[] = [];
  for (let round = 0; round < count; round++) {
    everysec.push(await measureBullmq(setup, "everysec", messages, bodyBytes));
    ours.push(await measureOurs(messages));
    always.push(await measureBullmq(setup, "always", messages, bodyBytes));
  }
  return { tried, ours, everysec, always };
}

function summary({ tried, ours, everysec, always }: Awaited<ReturnType<typeof measure>>) {
  const deliveriesPerSecond = medianOf(ours, "deliveries");
  const perSecond = medianOf(everysec, "processed");
  const ratio = (one: number, other: number) => Number((one / other).toFixed(3));
  const ratios = ours.map(({ deliveries }, i) => ratio(deliveries, everysec[i]?.processed ?? 1));
  const [best] = tried;
  return {
    bench: "broker",
    deliveriesPerSecond,
    ratio: ratio(deliveriesPerSecond, perSecond),
    ratios,
    medianOfRatios: median(ratios),
    rounds: ours.map(({ deliveries }, i) => ({
      deliveries: Math.round(deliveries),
      bullmq: Math.round(everysec[i]?.processed ?? 0),
      bullmqAlways: Math.round(always[i]?.processed ?? 0),
    })),
    ratioToAlways: ratio(deliveriesPerSecond, medianOf(always, "processed")),
    acceptancesPerSecond: { single: medianOf(ours, "single"), batched: medianOf(ours, "batched") },
    sustainedPerSecond: medianOf(ours, "sustained"),
    latencyMs: { p50: medianOf(ours, "p50"), p99: medianOf(ours, "p99") },
    bullmq: {
      version,
      setup: best && { runtime: best.runtime, client: best.client, concurrency: best.concurrency },
      perSecond,
      addedPerSecond: { single: medianOf(everysec, "single"), bulk: medianOf(everysec, "bulk") },
      always: {
        perSecond: medianOf(always, "processed"),
        addedPerSecond: { single: medianOf(always, "single"), bulk: medianOf(always, "bulk") },
      },
      tried,
    },
    fsync,
  };
}

function medianOf<K extends string>(rounds: readonly Readonly<Record<K, number>>[], key: K): number {
  const middle = median(rounds.map((round) => round[key]));
  return middle < 100 ? middle : Math.round(middle);
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
}
