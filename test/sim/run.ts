import { join } from "node:path";
import { parseArgs } from "node:util";
import type { History } from "./history.ts";
import type { Shrunk } from "./shrink.ts";
import type { Task } from "./worker.ts";

/** A seed's history as a worker tells it. */
export interface Told extends History {
  readonly seconds: number;
  /** Of processor time, of the worker alone: what a history costs, however busy the machine is. */
  readonly cpuSeconds: number;
  readonly small?: Shrunk;
}

const usage = `bun run sim [options]: histories of a whole shop, one a seed
  --seeds N     so many seeds (2)          --from N      the first of them (1)
  --days D      simulated days each (2)    --workers N   processes at a time (2)
  --seed S      one seed alone             --places A,B  of its plan only these places
  --story       tells what happened        --json        one line of JSON
  --twice       each seed twice: what is left must be the same
  --shrink N    tries to make a failure smaller (40)`;

const { values: options } = parseArgs({
  options: {
    seeds: { type: "string", default: "2" },
    from: { type: "string", default: "1" },
    days: { type: "string", default: "2" },
    workers: { type: "string", default: "2" },
    seed: { type: "string" },
    places: { type: "string" },
    story: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    twice: { type: "boolean", default: false },
    shrink: { type: "string", default: "40" },
    help: { type: "boolean", default: false },
  },
});

/** A worker runs so many seeds and ends: what it remembers of them ends with it. */
const seedsAtOnce = 20;

/** Has workers run all seeds; `hear` is told of each history as it ends. */
export async function runSeeds(task: Task, workers: number, hear: (told: Told) => void): Promise<void> {
  const waiting = [...task.seeds];
  const work = async () => {
    while (waiting.length > 0) {
      const seeds = waiting.splice(0, seedsAtOnce);
      const child = Bun.spawn(
        [process.execPath, join(import.meta.dir, "worker.ts"), JSON.stringify({ ...task, seeds })],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      let heard = 0;
      for (const line of (await new Response(child.stdout).text()).split("\n").filter(Boolean)) {
        heard += 1;
        hear(JSON.parse(line));
      }
      if (heard < seeds.length) throw new Error(`a worker ended amid its seeds ${seeds.join(", ")}`);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}

/** How somebody sees this history again. */
function replay({ seed }: History, days: number, places: readonly number[] | undefined): string {
  return `bun run sim --seed ${seed} --days ${days} --story${places ? ` --places ${places.join(",")}` : ""}`;
}

function tell(told: Told, days: number): void {
  const { seed, violations, small } = told;
  console.log(`seed ${seed}: ${violations.length === 0 ? "all holds" : violations.join("\n  ")}`);
  if (options.story) console.log(told.story.join("\n"));
  if (!small) return;
  console.log(`  The story of it, in ${small.places.length} steps (found in ${small.tries} tries):`);
  console.log(small.history.story.map((line) => `    ${line}`).join("\n"));
  console.log(`  Again: ${replay(told, days, small.places)}`);
}

async function main(): Promise<void> {
  if (options.help) return console.log(usage);
  const days = Number(options.days);
  const first = Number(options.seed ?? options.from);
  const many = options.seed === undefined ? Number(options.seeds) : 1;
  const seeds = Array.from({ length: many }, (_, n) => first + n);
  const places = options.places?.split(",").map(Number);
  const task = { days, places, shrinkTries: options.seed === undefined ? Number(options.shrink) : 0 };
  const all: Told[] = [];
  const began = performance.now();
  const hear = (told: Told) => {
    all.push(told);
    if (!options.json) tell(told, days);
  };
  await runSeeds({ ...task, seeds }, Number(options.workers), hear);
  const seconds = (performance.now() - began) / 1_000;
  const differ = options.twice ? await again({ ...task, seeds }, all) : [];
  for (const line of differ) console.log(line);
  report(all, { days, seconds, differ: differ.length });
  const hasFailed = differ.length > 0 || all.some(({ violations }) => violations.length > 0);
  process.exit(hasFailed ? 1 : 0);
}

/** Runs all seeds once more, and says where anything else is left than the first time. */
async function again(task: Task, before: readonly Told[]): Promise<string[]> {
  const lines: string[] = [];
  await runSeeds(task, Number(options.workers), (told) => {
    const first = before.find(({ seed }) => seed === told.seed);
    const names = Object.keys(told.digests).filter((name) => told.digests[name] !== first?.digests[name]);
    if (names.length > 0) lines.push(`seed ${told.seed}: not the same twice: ${names.join(", ")}`);
  });
  return lines;
}

function report(
  all: readonly Told[],
  { days, seconds, differ }: { days: number; seconds: number; differ: number },
): void {
  const sum = (count: keyof History["counts"]) => all.reduce((total, { counts }) => total + counts[count], 0);
  const failed = all.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed);
  const figures = {
    sim: "histories",
    seeds: all.length,
    days,
    violations: failed.length,
    failed: failed.sort((a, b) => a - b),
    ...(options.twice && { differ }),
    members: sum("members"),
    deeds: sum("deeds"),
    faults: sum("faults"),
    lives: sum("lives"),
    events: sum("events"),
    simulatedDays: all.length * days,
    seconds: Math.round(seconds),
    cpuSeconds: Math.round(all.reduce((total, { cpuSeconds }) => total + cpuSeconds, 0)),
    ratio: Math.round((all.length * days * 86_400) / seconds),
  };
  console.log(options.json ? JSON.stringify(figures) : figures);
}

if (import.meta.main) await main(); // tests have it run seeds
