import { join } from "node:path";
import { parseArgs } from "node:util";
import { seedConsent, seedMembers, seedMembersInZones } from "./support/member-seed.ts";
import { compared, type Measured, measure, membersOptions, type Part, seedOf } from "./support/parts.ts";

/**
 * Members per second of a campaign where everything is asked – each member's own word on the channel, caps a day and a
 * week of the channel and of all together, quiet hours by members' zones – and beside it, in the same run, the same
 * campaign where nobody has said anything and no policy is set, as the limit. (By e-mail members must have agreed: they
 * have on both sides.)
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...membersOptions,
      channel: { type: "string", default: "IN_APP" },
    },
  });
  const { channel } = values;
  const [members, rounds] = [Number(values.members), Number(values.rounds)];
  const asked = await seedOf("asked", async (dir) => {
    await seedMembersInZones(join(dir, "fanfare.db"), members);
    await seedConsent(join(dir, "fanfare.db"), channel);
  });
  const plain = await seedOf("plain", async (dir) => {
    await seedMembers(join(dir, "fanfare.db"), members);
    if (channel === "EMAIL") await seedConsent(join(dir, "fanfare.db"), channel);
  });
  const part = (how: string): Part => ({ name: "fanout", args: [String(members), channel, how] });
  const [limits, runs]: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    limits.push(await measure(part("plain"), plain));
    runs.push(await measure(part("considerate"), asked));
  }
  const settings = { members, pageSize: 1000, channels: [channel], synchronous: "FULL", rounds };
  const result = { bench: "considerate", ...compared(runs, limits), messages: runs[0]?.messages, settings };
  if (!values.json)
    console.error(`${result.perSecond} members/s, ${result.ratio} of ${result.limitPerSecond} where nothing is asked`);
  console.log(JSON.stringify(result));
}
