import { sql } from "drizzle-orm";
import { saidOfRows } from "../actors/distributed.ts";
import { mayBeErased } from "../actors/wishes.ts";
import { named } from "../world/told.ts";
import type { World } from "../world/world.ts";
import { drive } from "./drive.ts";

/** So many answers are compared. */
const asked = 5;

interface Why {
  readonly summary: string;
  readonly row: number | null;
}

async function ask(world: World, distribution: string, member: object): Promise<Why> {
  const query = `query ($id: ID!, $memberId: ID, $externalId: String) {
    whyDistributed(distributionId: $id, memberId: $memberId, externalId: $externalId) { summary row } }`;
  const answer = await drive(world, world.admin.ask(query, { id: distribution, ...member }));
  return answer.kind === "data" ? answer.data.whyDistributed : { summary: JSON.stringify(answer), row: null };
}

/** A coupon may be taken back later, and is said to be. */
const plain = (summary: string) => summary.replace("; it has been taken back since", "");

/** What was said once all was decided is said again. */
export async function saidFaults(world: World): Promise<string[]> {
  const faults: string[] = [];
  const chance = world.chance("said of rows");
  const all = world.known(saidOfRows).filter(({ externalId }) => !mayBeErased(world, externalId));
  for (let n = 0; n < asked && all.length > 0; n++) {
    const { id, externalId, ...said } = chance.pick(all);
    const now = await ask(world, id, { externalId });
    if (now.row !== said.row || plain(now.summary) !== plain(said.summary))
      faults.push(`${named(id)} was said of ${externalId}: ${said.summary} Now: ${now.summary}`);
  }
  return faults;
}

interface Pair {
  readonly distribution: number;
  readonly member: number;
  readonly row: number;
  readonly coupon: number | null;
  readonly file: string;
}

/** What is said of a member is what the rows say. */
export async function whyFaults(world: World): Promise<string[]> {
  const pairs = await world.ctx?.db.all<Pair>(sql`
    SELECT o.distribution, o.member, min(o.row) AS row, max(o.coupon) AS coupon, d.file FROM (
      SELECT g.distribution, g.member, g.row - 1000000 AS row, c.id AS coupon FROM distribution_given g
        LEFT JOIN coupon c ON c.member = g.member AND c.source = 'distribution/' || g.distribution || '/' || g.block
      UNION ALL SELECT distribution, member, row, NULL FROM distribution_left_out WHERE member IS NOT NULL) o
    JOIN distribution d ON d.id = o.distribution JOIN member m ON m.seq = o.member AND m.deleted_at IS NULL
    GROUP BY o.distribution, o.member ORDER BY 1, 2`);
  const faults: string[] = [];
  const chance = world.chance("why distributed");
  for (let n = 0; n < asked && pairs?.length; n++) {
    const { distribution, member, row, coupon, file } = chance.pick(pairs);
    // By the row that gives one, if one does.
    const wanted = row < 0 ? row + 1_000_000 : row;
    const said = await ask(world, btoa(`Distribution:${distribution}`), { memberId: btoa(`Member:${member}`) });
    const isSo = said.row === wanted && said.summary.includes(`row ${wanted}`) && said.summary.includes(file);
    const isGiven = coupon === null || said.summary.includes(`got coupon ${coupon} `);
    if (!isSo || !isGiven)
      faults.push(`row ${wanted} of distribution ${distribution} gave ${coupon}; it says: ${said.summary}`);
  }
  return faults;
}
