import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seedMembers } from "./support/member-seed.ts";

/**
 * Members per second of an in-app campaign from its launch to its last page, through outbox, queue and signed
 * callbacks; beside it, in the same run, the limit: the same ledger and inbox statements one after another on a bare
 * libSQL connection. Each part has a process of its own, so that memory is its own, too.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      members: { type: "string", default: "1000000" },
      json: { type: "boolean" },
      rounds: { type: "string", default: "3" },
    },
  });
  const members = Number(values.members);
  const small = await measure("fanout", Math.max(1000, Math.round(members / 10)));
  const runs: Measured[] = [];
  const limits: Measured[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    limits.push(await measure("limit", members));
    runs.push(await measure("fanout", members));
  }
  const [run, limit] = [median(runs), median(limits)];
  const result = {
    bench: "fanout",
    perSecond: run.perSecond,
    limitPerSecond: limit.perSecond,
    ratio: Number((run.perSecond / limit.perSecond).toFixed(3)),
    ratios: runs.map((each, i) => Number((each.perSecond / (limits[i]?.perSecond ?? 1)).toFixed(3))),
    messages: run.messages,
    peakRssMiB: run.peakRssMiB,
    peakRssMiBAtTenth: small.peakRssMiB,
    rssGrowth: Number((run.peakRssMiB / small.peakRssMiB - 1).toFixed(3)),
    settings: { members, pageSize: 1000, channels: ["IN_APP"], synchronous: "FULL", rounds: runs.length },
  };
  if (!values.json)
    console.error(`${result.perSecond} members/s, ${result.ratio} of the limit ${result.limitPerSecond}`);
  console.log(JSON.stringify(result));
}

interface Measured {
  readonly perSecond: number;
  readonly messages: number;
  readonly peakRssMiB: number;
}

function median(list: readonly Measured[]): Measured {
  const sorted = [...list].sort((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (!middle) throw new Error("nothing was measured");
  return middle;
}

const seeded = new Map<number, string>();

async function measure(part: "fanout" | "limit", members: number): Promise<Measured> {
  const seed = seeded.get(members) ?? mkdtempSync(join(tmpdir(), "fanfare-seed-"));
  if (!seeded.has(members)) {
    await seedMembers(join(seed, "fanfare.db"), members);
    seeded.set(members, seed);
    process.on("exit", () => rmSync(seed, { recursive: true, force: true }));
  }
  const dir = mkdtempSync(join(tmpdir(), "fanfare-bench-"));
  try {
    cpSync(seed, dir, { recursive: true });
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, `support/${part}-child.ts`), dir, String(members)],
      { stderr: "inherit" },
    );
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the ${part} part failed`);
    return JSON.parse(text.trim().split("\n").at(-1) ?? "");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
