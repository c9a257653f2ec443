import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../test/support/port.ts";
import { crash } from "./support/issue-crash.ts";
import { seedMembers } from "./support/member-seed.ts";

/**
 * Members per second of coupons that are given without a word, from the launch to the last page, through outbox, queue
 * and signed callbacks. Beside it, in the same run, two limits on a bare libSQL connection, one page after another: the
 * same rows with the same indexes (coupons and ledger), and of these the coupons alone. Each part has a process of its
 * own, so that memory is its own, too. With `--crash` it is killed in the middle instead and taken up again, and SQL
 * says what every member holds.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      members: { type: "string", default: "1000000" },
      json: { type: "boolean" },
      rounds: { type: "string", default: "3" },
      crash: { type: "boolean" },
    },
  });
  const members = Number(values.members);
  if (values.crash) return runCrash(members);
  const small = await measure("issue", Math.max(1000, Math.round(members / 10)));
  const runs: Measured[] = [];
  const limits: Measured[] = [];
  const bare: Measured[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    limits.push(await measure("issue-limit", members));
    bare.push(await measure("issue-limit", members, "coupons"));
    runs.push(await measure("issue", members));
  }
  const [run, limit, coupons] = [median(runs), median(limits), median(bare)];
  const result = {
    bench: "issue",
    perSecond: run.perSecond,
    limitPerSecond: limit.perSecond,
    ratio: ratioOf(run, limit),
    ratios: runs.map((each, i) => ratioOf(each, limits[i])),
    couponsAlonePerSecond: coupons.perSecond,
    ratioToCouponsAlone: ratioOf(run, coupons),
    messages: run.messages,
    peakRssMiB: run.peakRssMiB,
    peakRssMiBAtTenth: small.peakRssMiB,
    rssGrowth: Number((run.peakRssMiB / small.peakRssMiB - 1).toFixed(3)),
    settings: { members, pageSize: 1000, stock: true, budget: true, synchronous: "FULL", rounds: runs.length },
  };
  if (!values.json)
    console.error(`${result.perSecond} members/s, ${result.ratio} of the limit ${result.limitPerSecond}`);
  console.log(JSON.stringify(result));
}

async function runCrash(members: number): Promise<void> {
  const port = String(freePort());
  const result = await onCopy(members, (dir) =>
    crash(dir, members, (mode) => spawn("issue", [dir, String(members), port, mode])),
  );
  const isExact =
    [result.coupons, result.membersWithOne, result.issued, result.ledgerSent, result.tallySent].every(
      (n) => n === members,
    ) && result.reserved === 1_000 * members;
  console.log(JSON.stringify({ bench: "issue", crash: true, members, isExact, ...result }));
  if (!isExact) process.exitCode = 1;
}

interface Measured {
  readonly perSecond: number;
  readonly messages: number;
  readonly peakRssMiB: number;
}

function ratioOf(one: Measured, other: Measured | undefined): number {
  return Number((one.perSecond / (other?.perSecond ?? 1)).toFixed(3));
}

function median(list: readonly Measured[]): Measured {
  const sorted = [...list].sort((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (!middle) throw new Error("nothing was measured");
  return middle;
}

function spawn(part: string, args: readonly string[]) {
  const script = join(import.meta.dir, `support/${part}-child.ts`);
  return Bun.spawn([process.execPath, script, ...args], { stderr: "inherit", stdout: "pipe" });
}

function measure(part: "issue" | "issue-limit", members: number, what = ""): Promise<Measured> {
  return onCopy(members, async (dir) => {
    const child = spawn(part, [dir, String(members), what]);
    const text = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`the ${part} part failed`);
    return JSON.parse(text.trim().split("\n").at(-1) ?? "");
  });
}

const seeded = new Map<number, string>();

/** Works on a copy of a database with so many members, which is made once. */
async function onCopy<T>(members: number, work: (dir: string) => Promise<T>): Promise<T> {
  const seed = seeded.get(members) ?? mkdtempSync(join(tmpdir(), "fanfare-seed-"));
  if (!seeded.has(members)) {
    seeded.set(members, seed);
    process.on("exit", () => rmSync(seed, { recursive: true, force: true }));
    await seedMembers(join(seed, "fanfare.db"), members);
  }
  const dir = mkdtempSync(join(tmpdir(), "fanfare-bench-"));
  try {
    cpSync(seed, dir, { recursive: true });
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
