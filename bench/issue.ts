import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../test/support/port.ts";
import { crash } from "./support/issue-crash.ts";
import { seedMembers } from "./support/member-seed.ts";
import {
  compared,
  inTurn,
  measure,
  median,
  membersOptions,
  memoryOf,
  onCopy,
  rounded,
  seedOf,
  spawnPart,
} from "./support/parts.ts";

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
      ...membersOptions,
      crash: { type: "boolean" },
    },
  });
  const [members, rounds] = [Number(values.members), Number(values.rounds)];
  if (values.crash) return runCrash(members);
  const tenth = Math.max(1000, Math.round(members / 10));
  const small = await measure(part("issue", tenth), await membersOf(tenth));
  const parts = [part("issue-limit", members), part("issue-limit", members, "coupons"), part("issue", members)];
  const [limits = [], coupons = [], runs = []] = await inTurn(parts, await membersOf(members), rounds);
  const [own, alone] = [compared(runs, limits), median(coupons, "perSecond")];
  const result = {
    bench: "issue",
    ...own,
    couponsAlonePerSecond: alone,
    ratioToCouponsAlone: rounded(own.perSecond / alone),
    messages: runs[0]?.messages,
    ...memoryOf(runs, small),
    settings: { members, pageSize: 1000, stock: true, budget: true, synchronous: "FULL", rounds },
  };
  if (!values.json)
    console.error(`${result.perSecond} members/s, ${result.ratio} of the limit ${result.limitPerSecond}`);
  console.log(JSON.stringify(result));
}

async function runCrash(members: number): Promise<void> {
  const port = String(freePort());
  const result = await onCopy(await membersOf(members), (dir) =>
    crash(dir, members, (mode) => spawnPart({ name: "issue", args: [String(members), port, mode] }, dir)),
  );
  const isExact =
    [result.coupons, result.membersWithOne, result.issued, result.ledgerSent, result.tallySent].every(
      (n) => n === members,
    ) && result.reserved === 1_000 * members;
  console.log(JSON.stringify({ bench: "issue", crash: true, members, isExact, ...result }));
  if (!isExact) process.exitCode = 1;
}

function part(name: "issue" | "issue-limit", members: number, what = "") {
  return { name, args: [String(members), what] };
}

function membersOf(members: number): Promise<string> {
  return seedOf(`${members}`, (dir) => seedMembers(join(dir, "fanfare.db"), members));
}
