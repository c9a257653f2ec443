import { Database as Sqlite } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { setCapsPolicy } from "../../src/campaign/caps/policy.ts";
import { quietEnd } from "../../src/campaign/caps/quiet-hours.ts";
import { launchCampaign } from "../../src/campaign/control/launch.ts";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import { importMembers } from "../../src/member/import.ts";
import { saidByLink } from "../../src/member/link-consent.ts";
import { eraseMember } from "../../src/member/privacy.ts";
import { setConsent, suppress } from "../../src/member/set-consent.ts";
import { counted } from "../support/length.ts";
import { hour, minute, sweep } from "../support/schedules.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);
const members = counted(40, 400);
const ticks = counted(3, 150);
const nosATick = counted(8, 3);
const quiet = { from: 22 * 60, to: 7 * 60 };
const zones = ["UTC", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"];
const perDay = 4;

/**
 * The ledger's own book of what was written in which order, for there is one writer at a time: who was chosen for which
 * batch, and who said no. Times would not tell apart what falls into one millisecond.
 */
const book = [
  sql`CREATE TABLE told (seq INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, member INTEGER, batch INTEGER, at INTEGER)`,
  sql.raw(`CREATE TRIGGER told_chosen AFTER UPDATE OF state ON send WHEN NEW.state = 'SENDING'
    BEGIN INSERT INTO told (what, member, batch, at) VALUES ('CHOSEN', NEW.member, NEW.batch, NEW.at); END`),
  ...["INSERT", "UPDATE"].map((deed) =>
    sql.raw(`CREATE TRIGGER told_no_${deed} AFTER ${deed} ON consent WHEN NEW.granted = 0
      BEGIN INSERT INTO told (what, member) VALUES ('NO', NEW.member); END`),
  ),
  sql.raw(`CREATE TRIGGER told_suppressed AFTER INSERT ON suppression
    BEGIN INSERT INTO told (what, member) SELECT 'NO', seq FROM member WHERE email = NEW.address; END`),
  sql.raw(`CREATE TRIGGER told_erased AFTER UPDATE OF deleted_at ON member WHEN NEW.deleted_at IS NOT NULL
    BEGIN INSERT INTO told (what, member) VALUES ('NO', NEW.seq); END`),
];

/** Each road by which a member's no comes. */
const roads: readonly ((shop: Shop, seq: number) => Promise<unknown>)[] = [
  async ({ ctx }, seq) => {
    const actor = { kind: "member", seq, id: `m_${seq}` } as const;
    accepted(await setConsent({ ...ctx, actor }, { member: { seq }, channel: "EMAIL", granted: false }));
  },
  ({ ctx }, member) => saidByLink(ctx, { member, channel: "EMAIL", topic: "promotions", granted: false }),
  async ({ ctx }, seq) => {
    const text = `externalId,consent:EMAIL\nx${seq},no\n`;
    accepted(await importMembers(ctx, { name: `${seq}.csv`, content: new Blob([text]) }));
  },
  async ({ ctx }, seq) => void accepted(await eraseMember(ctx, { seq })),
  ({ ctx }, seq) => suppress(ctx, [{ channel: "EMAIL", address: `u${seq}@shop.test`, reason: "hard-bounce" }]),
];

/** Which batches the provider took whom with, by its own log. */
function deliveries({ sandboxPath }: Shop): { key: string; member: number }[] {
  const log = new Sqlite(sandboxPath, { readonly: true });
  try {
    return log
      .query<{ key: string; member: number }, []>(
        "SELECT b.key, d.member FROM delivery d JOIN batch b ON b.id = d.batch",
      )
      .all();
  } finally {
    log.close();
  }
}

/** Entries of the provider's log whose member had said no before the batch was frozen, or was never chosen for it. */
async function tooLate(shop: Shop): Promise<unknown[]> {
  return shop.ctx.db.all(sql`
    SELECT d.value AS delivered, b.frozen_at FROM json_each(${JSON.stringify(deliveries(shop))}) d
    LEFT JOIN batch b ON b.id = d.value ->> 'key'
    WHERE coalesce((SELECT max(seq) FROM told t
        WHERE t.what = 'CHOSEN' AND t.batch = b.seq AND t.member = d.value ->> 'member'), ${Number.MAX_SAFE_INTEGER})
      > coalesce((SELECT min(seq) FROM told t WHERE t.what = 'NO' AND t.member = d.value ->> 'member'),
        ${Number.MAX_SAFE_INTEGER - 1})`);
}

/** Who was chosen while the own clock showed quiet hours, and who got more a day than the caps allow. */
async function unasked({ ctx }: Shop): Promise<unknown[]> {
  const chosen = await ctx.db.all<{ member: number; at: number; zone: string | null }>(sql`
    SELECT t.member, t.at, z.zone FROM told t JOIN lives z ON z.member = t.member WHERE t.what = 'CHOSEN'`);
  const loud = chosen.filter(({ at, zone }) => quietEnd(quiet, zone ?? "UTC", at) !== null);
  const many = await ctx.db.all(sql`
    SELECT member, counted_day, count(*) AS n FROM send WHERE channel = 'EMAIL' AND state IN ('SENT', 'UNKNOWN')
    GROUP BY 1, 2 HAVING n > ${perDay}`);
  return [...loud, ...many];
}

async function opened(): Promise<Shop> {
  const shop = await openShop({ env: { SHOP_TIME_ZONE: "UTC", PAGE_SIZE: "20", LEASE_SECONDS: "60" } });
  const { ctx } = shop;
  shop.pass(Date.parse("2027-02-01T16:00:00Z") - ctx.clock());
  await shop.members(members);
  await ctx.db.write([
    sql`UPDATE member SET time_zone = ${JSON.stringify(zones)} ->> ('$[' || (seq % 4) || ']')`,
    sql`CREATE TABLE lives AS SELECT seq AS member, time_zone AS zone FROM member`,
    ...book,
  ]);
  const policy = { channel: "EMAIL", perDay, quietFrom: quiet.from, quietTo: quiet.to } as const;
  accepted(await setCapsPolicy(ctx, policy));
  ctx.sandbox.setFaults("EMAIL", { delayMs: 5 });
  for (const line of ["*/20 * * * *", "10 * * * *"]) {
    const schedule = { recurrence: { cron: { line } }, zone: "UTC", overlap: "RUN_BOTH" as const };
    const id = await shop.campaign({ channels: ["EMAIL"], topic: "promotions", schedule });
    accepted(await launchCampaign(ctx, { id }));
  }
  return shop;
}

test(
  `I14 whoever says no while scheduled runs are under way is on no page frozen later (SEED=${seed})`,
  async () => {
    const shop = await opened();
    const dice = seededRandom(seed);
    const left = Array.from({ length: members }, (_, i) => i + 1).sort(() => dice() - 0.5);
    for (let tick = 0; tick < ticks; tick++) {
      shop.pass(dice() < 0.5 ? 20 * minute : hour);
      await sweep(shop.ctx);
      const before = deliveries(shop).length;
      for (const seq of left.splice(0, nosATick)) {
        // Each no falls somewhere else into the work that is under way.
        for (let turns = Math.floor(dice() * 12); turns > 0; turns--) await shop.ctx.db.first(sql`SELECT 1`);
        await roads[Math.floor(dice() * roads.length)]?.(shop, seq);
      }
      const isBusy = () => shop.ctx.db.first(sql`SELECT 1 FROM batch WHERE state = 'OPEN' OR state = 'FROZEN'`);
      if (tick % 3 === 2) await until(async () => deliveries(shop).length > before || !(await isBusy()));
    }
    const isWaiting = () =>
      shop.ctx.db.first(sql`
      SELECT 1 FROM run WHERE started_at IS NOT NULL AND state = 'RUNNING' AND (planned = 0 OR pages_written < pages
        OR EXISTS (SELECT 1 FROM batch b WHERE b.run = run.id AND b.state <> 'DONE'))`);
    // A run that is due may not even have begun.
    const isDone = async () => deliveries(shop).length > 0 && !(await isWaiting());
    await until(isDone, undefined, "all that is due to be delivered");
    const said = await shop.ctx.db.all<{ what: string; n: number }>(sql`
      SELECT what, count(DISTINCT member) AS n FROM told GROUP BY 1 ORDER BY 1`);
    expect(said.map(({ what }) => what)).toEqual(["CHOSEN", "NO"]);
    expect(said.find(({ what }) => what === "NO")?.n).toBe(members - left.length);
    expect(await tooLate(shop)).toEqual([]);
    expect(await unasked(shop)).toEqual([]);
  },
  counted(60_000, 600_000),
);
