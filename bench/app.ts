import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { documents, type Operation, writeOperations } from "./support/app-operations.ts";
import { type Measured, measure, type Target, warm } from "./support/app-round.ts";
import { spawnChild } from "./support/children.ts";
import { median, rounded } from "./support/figures.ts";
import { type Road, roads, writeManifest } from "./support/requests.ts";
import { seedShop } from "./support/shop-seed.ts";

/**
 * What members' apps ask for, through `/app` and with their own tokens: requests per second over 64 connections, and
 * latencies in ms, each beside its limit in alternating rounds of the same load generator – a bare `Bun.serve` handler,
 * or for claims one that runs only the gate script. The documents are those of `bench/app`. "Cold" is a member who was
 * not asked for before in this run. Answers are looked at before and while it measures: a wrong one has failed.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "2" },
      rounds: { type: "string", default: "5" },
      readers: { type: "string", default: "10000" },
      newcomers: { type: "string", default: "100000" },
      claimants: { type: "string", default: "50000" },
      road: { type: "string", default: "lane" },
      only: { type: "string", default: "" },
      json: { type: "boolean" },
    },
  });
  const road = roads.find((name) => name === values.road);
  if (!road) throw new Error(`--road is ${roads.join(" or ")}`);
  const crowd = {
    readers: Number(values.readers),
    newcomers: Number(values.newcomers),
    claimants: Number(values.claimants),
  };
  const settings = { connections: 64, seconds: Number(values.seconds), rounds: Number(values.rounds), road, ...crowd };
  const rounds = await withShop(settings, values.only.split(",").filter(Boolean), async (operations, targets) => {
    for (const operation of operations) await warm(operation, targets.shop);
    const measured: Measured[] = [];
    // Turned round each time: what drifts, drifts for both.
    for (let n = 0; n < settings.rounds; n++) {
      for (const operation of n % 2 ? operations.toReversed() : operations)
        measured.push(await measure(operation, targets, { ...settings, round: n }));
    }
    return measured;
  });
  const result = { bench: "app", operations: summary(rounds), settings };
  if (!values.json) console.error(Bun.inspect.table(result.operations));
  console.log(JSON.stringify(result));
}

interface Sizes {
  readonly road: Road;
  readonly readers: number;
  readonly newcomers: number;
  readonly claimants: number;
}

interface Targets {
  readonly shop: Target;
  readonly bare: Target;
  readonly gate: Target;
}

async function withShop<T>(
  { road, ...crowd }: Sizes,
  only: readonly string[],
  work: (operations: readonly Operation[], targets: Targets) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-app-"));
  const stops: (() => Promise<void>)[] = [];
  const started = async (...of: Parameters<typeof spawnChild>) => {
    const child = await spawnChild(...of);
    stops.unshift(child.stop);
    return child;
  };
  try {
    const seeded = await seedShop(dir, crowd);
    const operations = await writeOperations(dir, { crowd, seeded, road });
    const manifest = join(dir, "documents.json");
    writeManifest(manifest, documents());
    const targets = {
      shop: await started("shop-child.ts", dir, JSON.stringify({ DOCUMENTS_FILE: manifest })),
      bare: await started("bare-child.ts"),
      gate: await started("gate-child.ts", join(dir, "redis")),
    };
    return await work(
      operations.filter(({ name }) => only.length === 0 || only.includes(name)),
      targets,
    );
  } finally {
    for (const stop of stops) await stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Of each operation the medians of its rounds; the ratio is that of each round, too. */
function summary(rounds: readonly Measured[]) {
  const byName = Map.groupBy(rounds, ({ name }) => name);
  return Object.fromEntries(
    [...byName].map(([name, list]) => {
      const of = (pick: (one: Measured) => number) => median(list.map(pick));
      const figures = {
        perSecond: Math.round(of(({ perSecond }) => perSecond)),
        limitPerSecond: Math.round(of(({ limitPerSecond }) => limitPerSecond)),
        ratio: rounded(of(({ perSecond, limitPerSecond }) => perSecond / limitPerSecond)),
        p50: rounded(of(({ p50 }) => p50)),
        p99: rounded(of(({ p99 }) => p99)),
        cpuMicros: Math.round(of(({ cpuMicros }) => cpuMicros)),
        failed: list.reduce((sum, { failed }) => sum + failed, 0),
      };
      return [name, figures];
    }),
  );
}
