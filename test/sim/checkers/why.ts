import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import type { World } from "../world/world.ts";

/** So many answers are compared. */
const asked = 15;

interface Row {
  readonly channel: string;
  readonly state: string;
  readonly reason: string;
}

/** What is said of a member and a run is what the rows say. */
export const why: Checker = {
  name: "whyMember",
  async atEnd(world) {
    const faults: string[] = [];
    const pairs = await world.ctx?.db.all<{ run: number; member: number; id: string; rows: string }>(sql`
      SELECT s.run, s.member, m.id, json_group_array(json_object(
        'channel', s.channel, 'state', s.state, 'reason', s.reason)) AS rows
      FROM send s JOIN member m ON m.seq = s.member WHERE s.channel <> 'COUPON' GROUP BY 1, 2 ORDER BY 1, 2`);
    const chance = world.chance("why");
    for (let n = 0; n < asked && pairs?.length; n++) {
      const { run, member, rows } = chance.pick(pairs);
      const said = await tellsWhy(world, run, member);
      const there = textOf(JSON.parse(rows));
      if (said !== there) faults.push(`of member ${member} in run ${run} it says ${said}, the rows ${there}`);
    }
    return faults;
  },
};

async function tellsWhy(world: World, run: number, member: number): Promise<string> {
  const query = `query ($runId: ID!, $memberId: ID!) {
    whyMember(runId: $runId, memberId: $memberId) { summary channels { channel state reason words } } }`;
  let said = "nothing";
  const asking = world.admin.ask(query, { runId: btoa(`Run:${run}`), memberId: btoa(`Member:${member}`) });
  asking.then((answer) => {
    said = answer.kind === "data" ? textOf(answer.data.whyMember.channels) : JSON.stringify(answer);
  });
  await world.engine.until(() => said !== "nothing", 60_000);
  return said;
}

const textOf = (rows: readonly Row[]) =>
  rows
    .map(({ channel, state, reason }) => `${channel} ${state} ${reason}`.trim())
    .sort()
    .join(", ");
