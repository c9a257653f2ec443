import { join } from "node:path";
import { parseArgs } from "node:util";
import { seedConsent, seedMembersInZones } from "./support/member-seed.ts";
import { compared, inTurn, membersOptions, type Part, seedOf } from "./support/parts.ts";

/**
 * Members per second of a campaign by members' own clocks, over all UTC offsets that zones have, from its
 * launch to its last page, each wave as soon as the one before is nearly written; beside it, in the same run, a plain
 * one of the same members as the limit. Each has a process of its own.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...membersOptions,
      channel: { type: "string", default: "IN_APP" },
    },
  });
  const [members, rounds] = [Number(values.members), Number(values.rounds)];
  const { channel } = values;
  const seed = await seedOf("in zones", async (dir) => {
    await seedMembersInZones(join(dir, "fanfare.db"), members);
    if (channel === "EMAIL") await seedConsent(join(dir, "fanfare.db"), channel);
  });
  const part = (name: string): Part => ({ name, args: [String(members), channel] });
  const [limits = [], runs = []] = await inTurn([part("fanout"), part("local-time")], seed, rounds);
  const settings = { members, pageSize: 1000, channels: [channel], offsets: 38, synchronous: "FULL", rounds };
  const result = { bench: "local-time", ...compared(runs, limits), messages: runs[0]?.messages, settings };
  if (!values.json)
    console.error(`${result.perSecond} members/s, ${result.ratio} of a plain run's ${result.limitPerSecond}`);
  console.log(JSON.stringify(result));
}
