import { sql } from "drizzle-orm";
import type { Context } from "../../../src/context.ts";
import type { Checker } from "../actor.ts";
import { sheets } from "../actors/sheets.ts";
import type { World } from "../world/world.ts";
import { rowFaults } from "./distributed-rows.ts";
import { untrueAnswers } from "./distributed-steps.ts";
import { saidFaults, whyFaults } from "./distributed-words.ts";
import { type Standing, standings } from "./distribution-sums.ts";
import { untouched } from "./untouched.ts";

/** Where a distribution does not leave from. */
const last = ["COMPLETED", "CANCELLED"];

/**
 * Every row of a file has one outcome, and they add up to what was told and to the coupons that there are; nobody gets
 * two by one chain; what was answered stays true. In the end nothing is stuck, and what is said of members is so.
 */
export const distributions: Checker = {
  name: "distributions",
  async always(world) {
    if (!world.ctx) return [];
    const all = await standings(world.ctx);
    if (all.length === 0) return [];
    const fresh = all.filter((each) => isFresh(world, each));
    const rows = [];
    for (const each of fresh) rows.push(...(await rowFaults(world, each)));
    return [
      ...all.flatMap(({ odd }) => JSON.parse(odd) as string[]).filter(Boolean),
      ...(await twiceInChains(world.ctx)),
      ...(await noticeFaults(world, world.ctx)),
      ...(await untrueAnswers(world, all)),
      ...rows,
    ];
  },
  async atEnd(world) {
    if (!world.ctx) return [];
    const all = await standings(world.ctx);
    const faults = all.flatMap((each) => stuck(world, each));
    for (const each of all) faults.push(...(await rowFaults(world, each)));
    faults.push(...(await openNotices(world.ctx)), ...(await saidFaults(world)), ...(await whyFaults(world)));
    return faults;
  },
};

/** Those whose rows were looked at once they had ended. */
const settled = (): Set<number> => new Set();

function isFresh(world: World, { id, state }: Standing): boolean {
  if (!last.includes(state) || world.known(settled).has(id)) return false;
  world.known(settled).add(id);
  return true;
}

/** Whoever got two by files of which one follows the other. */
async function twiceInChains({ db }: Context): Promise<string[]> {
  const found = await db.all<{ fault: string }>(sql`
    SELECT 'member ' || c.member || ' got ' || count(*) || ' by the files that follow distribution '
      || coalesce(d.chain, d.id) AS fault
    FROM coupon c JOIN distribution d ON d.id = CAST(substr(c.source, 14) AS INTEGER)
    WHERE c.source GLOB 'distribution/*' GROUP BY coalesce(d.chain, d.id), c.member HAVING count(*) > 1`);
  return found.map(({ fault }) => fault);
}

/** Those are told who got one, by one campaign, which nobody has changed since, and by one run of it. */
async function noticeFaults(world: World, { db }: Context): Promise<string[]> {
  const found = await db.all<{ fault: string }>(sql`
    SELECT 'distribution ' || d.id || ' told member ' || s.member || ', to whom it gave nothing' AS fault
    FROM distribution d JOIN run r ON r.campaign = d.notice_campaign JOIN send s ON s.run = r.id
    WHERE ${untouched(world, sql`d.notice_campaign`)} AND NOT EXISTS (
      SELECT 1 FROM coupon c WHERE c.member = s.member AND c.template = d.template
        AND c.source GLOB 'distribution/' || d.id || '/*')
    UNION ALL
    SELECT 'distribution ' || d.id || ' told by ' || count(*) || ' runs' FROM distribution d
    JOIN run r ON r.campaign = d.notice_campaign WHERE ${untouched(world, sql`d.notice_campaign`)}
    GROUP BY d.id HAVING count(*) > 1
    UNION ALL
    SELECT 'distribution ' || d.id || ' is told of by ' || count(*) || ' campaigns' FROM distribution d
    JOIN audit a ON a.subject = 'distribution/' || d.id AND a.what LIKE 'told of by %' GROUP BY d.id HAVING count(*) > 1
    UNION ALL
    SELECT 'distribution ' || id || ', ' || state || ', has told of it already' FROM distribution
    WHERE told_at IS NOT NULL AND state NOT IN ('COMPLETED', 'CANCELLED')`);
  return found.map(({ fault }) => fault);
}

/** What does not wait for a person has ended; what can be read was read. */
function stuck({ known }: World, { id, state, file, fault, isWithdrawing }: Standing): string[] {
  const waits = known(sheets).get(file)?.isNameless ? ["FAILED", "CANCELLED"] : ["READY", "PAUSED", ...last];
  return [
    ...(waits.includes(state) ? [] : [`distribution ${id} (${file}) is still ${state} ${fault ?? ""}`]),
    ...(isWithdrawing ? [`distribution ${id} still takes its coupons back`] : []),
  ];
}

async function openNotices({ db }: Context): Promise<string[]> {
  const open = await db.all<{ id: number }>(sql`
    SELECT id FROM distribution WHERE notice IS NOT NULL AND told_at IS NULL AND started_at IS NOT NULL
      AND state IN ('COMPLETED', 'CANCELLED')`);
  return open.map(({ id }) => `distribution ${id} has never told those who got one`);
}
