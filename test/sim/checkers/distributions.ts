import { sql } from "drizzle-orm";
import type { Context } from "../../../src/context.ts";
import type { Checker } from "../actor.ts";
import { withoutSecondPerson } from "../actors/distributed.ts";
import type { World } from "../world/world.ts";
import { rowFaults } from "./distributed-rows.ts";
import { untrueAnswers } from "./distributed-steps.ts";
import { saidFaults, whyFaults } from "./distributed-words.ts";
import { untouched } from "./untouched.ts";

/** A distribution, and what its rows and coupons are. */
export interface Standing {
  readonly id: number;
  readonly state: string;
  readonly file: string;
  readonly template: number;
  readonly rows: number;
  readonly fault: string | null;
  readonly withdrawn: number;
  readonly isWithdrawing: number;
  /** Coupons that have its mark, and how many of them are taken back. */
  readonly coupons: number;
  readonly takenBack: number;
  /** What does not add up, a sentence each. */
  readonly odd: string;
}

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
    const faults = all.flatMap(stuck);
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

/** What must not be so of a distribution `d` whose figures are `f`, and how it is said, in SQL. */
const oddities = [
  ["f.named <> d.rows", "f.named || ' rows are left out or given, of ' || d.rows || ' that were read'"],
  ["f.both > 0", "f.both || ' rows have two outcomes'"],
  ["f.ended <> f.done", "f.ended || ' rows are counted as ended, ' || f.done || ' are in blocks that are done'"],
  ["f.miscounted > 0", "f.miscounted || ' outcomes are counted otherwise than there are rows'"],
  ["f.coupons <> f.given", "f.coupons || ' coupons have its mark, ' || f.given || ' rows gave one'"],
  ["f.strange > 0", "f.strange || ' of its coupons are of none of its rows'"],
  ["d.withdrawn > f.takenBack", "'it took ' || d.withdrawn || ' back, ' || f.takenBack || ' are'"],
  ["d.state = 'COMPLETED' AND f.done <> d.rows", "f.done || ' of ' || d.rows || ' rows are done'"],
  [
    `d.started_at IS NOT NULL AND f.mayIssue > ${withoutSecondPerson} AND (
      coalesce(d.approval ->> 'coupons', 0) < f.mayIssue OR d.approval ->> 'actor' = d.created_by)`,
    "'one person started it for ' || f.mayIssue || ' coupons'",
  ],
] as const;

const odd = sql.raw(
  oddities
    .map(([when, said]) => `iif(${when}, 'distribution ' || d.id || ', ' || d.state || ': ' || ${said}, NULL)`)
    .join(",\n"),
);

function standings(ctx: Context): Promise<Standing[]> {
  return ctx.db.all<Standing>(sql`
    WITH mark AS (
      SELECT CAST(substr(source, 14) AS INTEGER) AS id, count(*) AS coupons,
        count(*) FILTER (WHERE state = 'WITHDRAWN') AS takenBack, count(*) FILTER (WHERE NOT EXISTS (
          SELECT 1 FROM distribution_given g JOIN distribution_block b ON b.distribution = g.distribution
            AND b.to_row = g.block AND b.state = 'DONE'
          WHERE g.member = c.member AND c.source = 'distribution/' || g.distribution || '/' || g.block)) AS strange
      FROM coupon c WHERE source GLOB 'distribution/*' GROUP BY 1),
    block AS (
      SELECT b.distribution AS id, b.state = 'DONE' AS isDone,
        (SELECT count(*) FROM distribution_given g WHERE g.distribution = b.distribution AND g.block = b.to_row) AS given,
        (SELECT count(*) FROM distribution_left_out s
          WHERE s.distribution = b.distribution AND s.row > b.from_row AND s.row <= b.to_row) AS leftOut
      FROM distribution_block b),
    f AS (
      SELECT d.id, coalesce(m.coupons, 0) AS coupons, coalesce(m.takenBack, 0) AS takenBack,
        coalesce(m.strange, 0) AS strange,
        (SELECT coalesce(sum(given + leftOut), 0) FROM block WHERE id = d.id) AS named,
        (SELECT coalesce(sum(given + leftOut), 0) FROM block WHERE id = d.id AND isDone) AS done,
        (SELECT coalesce(sum(given), 0) FROM block WHERE id = d.id AND isDone) AS given,
        (SELECT count(*) FROM distribution_given g JOIN distribution_left_out s
          ON s.distribution = g.distribution AND s.row = g.row WHERE g.distribution = d.id) AS both,
        (SELECT coalesce(sum(ended), 0) FROM distribution_count WHERE distribution = d.id) AS ended,
        (SELECT coalesce(sum(may_issue), 0) FROM distribution_count WHERE distribution = d.id) AS mayIssue,
        (SELECT count(*) FROM distribution_count y WHERE y.distribution = d.id AND y.ended <> CASE y.outcome
          WHEN 'ISSUED' THEN coalesce(m.coupons, 0)
          ELSE (SELECT count(*) FROM distribution_block b JOIN distribution_left_out s ON s.distribution = b.distribution
            AND s.row > b.from_row AND s.row <= b.to_row AND s.outcome = y.outcome
            WHERE b.distribution = d.id AND b.state = 'DONE') END) AS miscounted
      FROM distribution d LEFT JOIN mark m ON m.id = d.id)
    SELECT d.id, d.state, d.file, d.template, d.rows, d.fault, d.withdrawn,
      d.withdraw_to IS NOT NULL AND d.withdraw_to < d.read_to AS isWithdrawing, f.coupons, f.takenBack,
      json_array(${odd}) AS odd
    FROM distribution d JOIN f ON f.id = d.id ORDER BY d.id`);
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

/** Nobody waits for a person here: what is neither checked nor held has ended. */
function stuck({ id, state, fault, isWithdrawing }: Standing): string[] {
  const waits = ["READY", "PAUSED", ...last];
  return [
    ...(waits.includes(state) ? [] : [`distribution ${id} is still ${state} ${fault ?? ""}`]),
    ...(isWithdrawing ? [`distribution ${id} still takes its coupons back`] : []),
  ];
}

async function openNotices({ db }: Context): Promise<string[]> {
  const open = await db.all<{ id: number }>(sql`
    SELECT id FROM distribution WHERE notice IS NOT NULL AND told_at IS NULL AND started_at IS NOT NULL
      AND state IN ('COMPLETED', 'CANCELLED')`);
  return open.map(({ id }) => `distribution ${id} has never told those who got one`);
}
