import { join } from "node:path";
import { parseArgs } from "node:util";
import { seedMembersInZones } from "./support/member-seed.ts";
import { compared, inTurn, type Part, seedOf } from "./support/parts.ts";

/**
 * Members per second of an in-app campaign by members' own clocks, over all UTC offsets that zones have, from its
 * launch to its last page, each wave as soon as the one before is nearly written; beside it, in the same run, a plain
 * one of the same members as the limit. Each has a process of its own.
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
  const [members, rounds] = [Number(values.members), Number(values.rounds)];
  const seed = await seedOf(`${members} in zones`, (dir) => seedMembersInZones(join(dir, "fanfare.db"), members));
  const part = (name: string): Part => ({ name, args: [String(members)] });
  const [limits = [], runs = []] = await inTurn([part("fanout"), part("local-time")], seed, rounds);
  const settings = { members, pageSize: 1000, channels: ["IN_APP"], offsets: 38, synchronous: "FULL", rounds };
  const result = { bench: "local-time", ...compared(runs, limits), messages: runs[0]?.messages, settings };
  if (!values.json)
    console.error(`${result.perSecond} members/s, ${result.ratio} of a plain run's ${result.limitPerSecond}`);
  console.log(JSON.stringify(result));
}
