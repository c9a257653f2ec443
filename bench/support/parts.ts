import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkout, runner } from "./children.ts";

/** How benches of members are told how many, and how often; their limits are measured as often. */
export const membersOptions = {
  members: { type: "string", default: "1000000" },
  rounds: { type: "string", default: "3" },
  json: { type: "boolean" },
} as const;

/** What a part of a bench, which has a process of its own, tells of itself on its last line. */
export interface Measured {
  readonly perSecond: number;
  /** Of the processors, per member, in microseconds. */
  readonly cpuMicros: number;
  readonly peakRssMiB: number;
  readonly rssMiBAtStart?: number;
  readonly messages?: number;
}

/** A part of a bench: `support/<name>-child.ts` and what it is told behind its directory. */
export interface Part {
  readonly name: string;
  readonly args: readonly string[];
}

/** Starts a part in a directory. */
export function spawnPart({ name, args }: Part, dir: string) {
  return Bun.spawn([runner, bundled(name), dir, ...args], { stderr: "inherit", stdout: "pipe" });
}

const bundles = new Map<string, string>();

/** A part as the product is run by shops, in a few files: its sources would take more memory than what it does. */
function bundled(name: string): string {
  const known = bundles.get(name);
  if (known) return known;
  const out = join(checkout, `dist/.bench-${process.pid}`, name);
  process.on("exit", () => rmSync(dirname(out), { recursive: true, force: true }));
  const sources = [join(import.meta.dir, `${name}-child.ts`), join(checkout, "src/db/heavy/reader.ts")];
  const made = Bun.spawnSync([join(checkout, "bin/bundle"), out, ...sources], { stderr: "inherit" });
  if (!made.success) throw new Error(`the ${name} part could not be made`);
  const script = join(out, `${name}-child.js`);
  bundles.set(name, script);
  return script;
}

/** Runs a part to its end on a copy of a directory. */
export function measure(part: Part, seed: string): Promise<Measured> {
  return onCopy(seed, async (dir) => {
    const child = spawnPart(part, dir);
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the ${part.name} part failed`);
    return JSON.parse(text.trim().split("\n").at(-1) ?? "");
  });
}

export async function onCopy<T>(seed: string, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-bench-"));
  try {
    cpSync(seed, dir, { recursive: true });
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const seeds = new Map<string, Promise<string>>();

/** The directory of this key, made once and gone when the bench is over. */
export function seedOf(key: string, make: (dir: string) => Promise<void>): Promise<string> {
  const known = seeds.get(key);
  if (known) return known;
  const seed = mkdtempSync(join(tmpdir(), "fanfare-seed-"));
  process.on("exit", () => rmSync(seed, { recursive: true, force: true }));
  const making = make(seed).then(() => seed);
  seeds.set(key, making);
  return making;
}

/** Measures parts in turn, so often: what the machine does meanwhile is the same to all of them. */
export async function inTurn(parts: readonly Part[], seed: string, rounds: number): Promise<Measured[][]> {
  const results: Measured[][] = parts.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, part] of parts.entries()) results[i]?.push(await measure(part, seed));
  }
  return results;
}

/** Medians, and what of its limit a part reaches: by the clock, and by what it takes of the processors. */
export function compared(runs: readonly Measured[], limits: readonly Measured[]) {
  const [perSecond, limitPerSecond] = [median(runs, "perSecond"), median(limits, "perSecond")];
  const [cpuMicros, limitCpuMicros] = [median(runs, "cpuMicros"), median(limits, "cpuMicros")];
  return {
    perSecond,
    limitPerSecond,
    ratio: rounded(perSecond / limitPerSecond),
    ratios: runs.map((each, i) => rounded(each.perSecond / (limits[i]?.perSecond ?? 1))),
    cpuMicros,
    limitCpuMicros,
    cpuRatio: rounded(limitCpuMicros / cpuMicros),
  };
}

/** How memory grows with the amount: at its peak, beside a run of a tenth. */
export function memoryOf(runs: readonly Measured[], small: Measured) {
  const peakRssMiB = median(runs, "peakRssMiB");
  return {
    peakRssMiB,
    peakRssMiBAtTenth: small.peakRssMiB,
    rssGrowth: rounded(peakRssMiB / small.peakRssMiB - 1),
  };
}

export function median(list: readonly Measured[], of: "perSecond" | "cpuMicros" | "peakRssMiB"): number {
  const sorted = list.map((each) => each[of]).sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}

export function rounded(ratio: number): number {
  return Number(ratio.toFixed(3));
}
