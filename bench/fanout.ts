import { join } from "node:path";
import { parseArgs } from "node:util";
import { seedMembers } from "./support/member-seed.ts";
import { compared, inTurn, measure, membersOptions, memoryOf, type Part, seedOf } from "./support/parts.ts";

/**
 * Members per second of an in-app campaign from its launch to its last page, through outbox, queue and signed
 * callbacks; beside it, in the same run, the limit: the same ledger and inbox statements one after another on a bare
 * libSQL connection. Each part has a process of its own, so that memory is its own, too.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...membersOptions,
    },
  });
  const [members, rounds] = [Number(values.members), Number(values.rounds)];
  const tenth = Math.max(1000, Math.round(members / 10));
  const small = await measure(part("fanout", tenth), await membersOf(tenth));
  const [limits = [], runs = []] = await inTurn(
    [part("limit", members), part("fanout", members)],
    await membersOf(members),
    rounds,
  );
  const result = {
    bench: "fanout",
    ...compared(runs, limits),
    cpuMicrosAtTenth: small.cpuMicros,
    messages: runs[0]?.messages,
    ...memoryOf(runs, small),
    settings: { members, pageSize: 1000, channels: ["IN_APP"], synchronous: "FULL", rounds },
  };
  if (!values.json)
    console.error(`${result.perSecond} members/s, ${result.ratio} of the limit ${result.limitPerSecond}`);
  console.log(JSON.stringify(result));
}

function part(name: "fanout" | "limit", members: number): Part {
  return { name, args: [String(members)] };
}

function membersOf(members: number): Promise<string> {
  return seedOf(`${members}`, (dir) => seedMembers(join(dir, "fanfare.db"), members));
}
