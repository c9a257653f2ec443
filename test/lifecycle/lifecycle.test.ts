import { afterAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { startRun } from "../../src/campaign/run/start.ts";
import type { Context } from "../../src/context.ts";
import { look } from "../../src/lifecycle/look.ts";
import { findPolicy } from "../../src/lifecycle/policy.ts";
import { createPolicy, updatePolicy } from "../../src/lifecycle/save.ts";
import type { LifecycleKind } from "../../src/lifecycle/table.ts";
import { timedPolicy } from "../../src/lifecycle/timed.ts";
import { fireDue } from "../../src/schedule/fire.ts";
import { planAhead } from "../../src/schedule/plan-ahead.ts";
import { addTemplate } from "../support/coupons.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const minute = 60_000;
const hour = 60 * minute;
const utc = (text: string) => Date.parse(`${text}Z`);

type Member = Readonly<Partial<Record<"birthday" | "time_zone", string | null>>> &
  Readonly<Partial<Record<"membership_ends_at" | "last_active_at" | "registered_at", number>>>;

/** A database that lives at a time, and words for what happens in it. */
async function livesAt(text: string) {
  const ledger = await openLedger();
  let now = utc(text);
  const ctx: Context = { ...ledger.ctx, clock: () => now };
  const push = { channels: ["IN_APP" as const], content: { IN_APP: { default: { title: "Hi", body: "Hi" } } } };
  // As their schedules set them off, which one test below does with the schedules themselves.
  const looks = async () => {
    const policies = await ctx.db.all<{ thing: number }>(sql`SELECT id AS thing FROM lifecycle_policy`);
    const plannedAt = now - (now % (15 * minute));
    await timedPolicy.fire(
      ctx,
      policies.map(({ thing }) => ({ thing, plannedAt })),
    );
    const open = sql`SELECT policy, at FROM lifecycle_look WHERE state = 'OPEN' ORDER BY at`;
    for (const each of await ctx.db.all<{ policy: number; at: number }>(open)) await look(ctx, each);
  };
  return {
    ctx,
    looks,
    now: () => now,
    async has(members: readonly Member[]) {
      await ledger.members(members.length);
      const [first] = await ctx.db.all<{ seq: number }>(sql`SELECT max(seq) AS seq FROM member`);
      const from = (first?.seq ?? 0) - members.length;
      for (const [i, facts] of members.entries())
        for (const [column, value] of Object.entries(facts))
          await ctx.db.write([sql`UPDATE member SET ${sql.raw(column)} = ${value} WHERE seq = ${from + i + 1}`]);
    },
    policy: async (kind: LifecycleKind, facts: { days?: number; hour?: number } = {}) =>
      accepted(await createPolicy(ctx, { name: kind, kind, days: 0, hour: 9, ...facts, push })).id,
    set: (id: number, facts: object) => updatePolicy(ctx, { id, name: "n", days: 0, hour: 9, push, ...facts }),
    /** Goes on to a moment, looking every quarter of an hour. */
    async until(end: string, step = 15 * minute) {
      while (now < utc(end)) {
        now = Math.min(utc(end), now + step);
        await looks();
      }
    },
    /** Goes on without anybody who looks. */
    sleeps: (end: string) => {
      now = utc(end);
    },
    marks: () =>
      ctx.db.all<{ member: number; occasion: string; told: number }>(sql`
        SELECT member, occasion, look > 0 AS told FROM lifecycle_mark ORDER BY member, occasion`),
    told: async () =>
      (
        await ctx.db.all<{ at: number; members: string }>(sql`
          SELECT l.at, (SELECT json_group_array(DISTINCT k.member) FROM lifecycle_mark k
            WHERE k.policy = l.policy AND k.look = l.at) AS members
          FROM lifecycle_look l WHERE l.campaign IS NOT NULL ORDER BY l.at, l.policy`)
      ).map(({ at, members }) => `${new Date(at).toISOString().slice(0, 16)} ${members}`),
    async matched() {
      const due = await ctx.db.all<{ id: number }>(sql`SELECT id FROM run WHERE state = 'PENDING'`);
      for (const { id } of due) await startRun(ctx, { run: id });
      return due.length;
    },
  };
}

describe("birthdays", () => {
  test("of 29 February are on the 28th in common years, on the 29th in leap years, once a year", async () => {
    const world = await livesAt("2027-02-26T00:00");
    await world.has([
      { birthday: "2000-02-29", time_zone: "UTC" },
      { birthday: "1990-02-28", time_zone: "UTC" },
      { birthday: "1990-03-01", time_zone: "UTC" },
    ]);
    await world.policy("BIRTHDAY");
    await world.until("2027-03-03T00:00", 3 * hour);
    expect(await world.told()).toEqual(["2027-02-28T09:00 [1,2]", "2027-03-01T09:00 [3]"]);
    const leap = await livesAt("2028-02-27T00:00");
    await leap.has([
      { birthday: "2000-02-29", time_zone: "UTC" },
      { birthday: "1990-02-28", time_zone: "UTC" },
    ]);
    await leap.policy("BIRTHDAY");
    await leap.until("2028-03-03T00:00", 3 * hour);
    expect(await leap.told()).toEqual(["2028-02-28T09:00 [2]", "2028-02-29T09:00 [1]"]);
  });

  test("come when it is nine where the member is, from UTC+14 to UTC-11, also where clocks change", async () => {
    const world = await livesAt("2027-03-27T12:00");
    const zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", null, "America/St_Johns"];
    await world.has(zones.map((time_zone) => ({ birthday: "1980-03-28", time_zone })));
    await world.policy("BIRTHDAY");
    const moments = ["27T18:45", "27T19:00", "28T03:00", "28T03:15", "28T06:45", "28T07:00", "28T11:15", "28T11:30"];
    for (const moment of [...moments, "28T19:45", "28T20:00", "29T09:00"]) {
      world.sleeps(`2027-03-${moment}`);
      await world.looks();
    }
    // The shop's own zone is Berlin's, whose clocks go to summer time on that very morning.
    expect(await world.told()).toEqual([
      "2027-03-27T19:00 [1]",
      "2027-03-28T03:15 [3]",
      "2027-03-28T07:00 [4]",
      "2027-03-28T11:30 [5]",
      "2027-03-28T20:00 [2]",
    ]);
  });

  test("of an hour that the clock skips come with the next, and of one that comes twice once", async () => {
    const world = await livesAt("2027-03-27T22:00");
    await world.has([
      { birthday: "1980-03-28", time_zone: "Europe/Berlin" },
      { birthday: "1980-10-31", time_zone: "Europe/Berlin" },
    ]);
    await world.policy("BIRTHDAY", { hour: 2 });
    await world.until("2027-03-28T03:00", 30 * minute);
    world.sleeps("2027-10-30T23:00");
    await world.looks();
    await world.until("2027-10-31T03:00", 30 * minute);
    expect(await world.told()).toEqual(["2027-03-28T01:00 [1]", "2027-10-31T00:00 [2]"]);
  });

  test("are wished once, though zone and date of birth change and it is told again and again", async () => {
    const world = await livesAt("2027-05-05T00:00");
    await world.has([
      { birthday: "1980-05-05", time_zone: "Pacific/Kiritimati" },
      { birthday: "1980-05-05", time_zone: "UTC" },
    ]);
    const policy = await world.policy("BIRTHDAY", { hour: 0 });
    await world.until("2027-05-05T02:00", hour);
    await world.ctx.db.write([sql`UPDATE member SET time_zone = 'Pacific/Pago_Pago', birthday = '1980-05-06'`]);
    accepted(await world.set(policy, { hour: 3 }));
    await world.until("2027-05-07T20:00", 5 * hour);
    expect(await world.marks()).toEqual([1, 2].map((member) => ({ member, occasion: "birthday/2027", told: 1 })));
    expect(await findPolicy(world.ctx, policy)).toMatchObject({ told: 2, missed: 0 });
  });

  test("are made up for on their day after an outage; a day that passed is missed, and counted once", async () => {
    const world = await livesAt("2027-05-04T20:00");
    await world.has(["1980-05-05", "1980-05-06", "1980-05-07"].map((birthday) => ({ birthday, time_zone: "UTC" })));
    const policy = await world.policy("BIRTHDAY");
    await world.looks();
    world.sleeps("2027-05-06T15:00");
    for (let n = 0; n < 3; n++) await world.looks();
    expect(await world.marks()).toEqual([
      { member: 1, occasion: "birthday/2027", told: 0 },
      { member: 2, occasion: "birthday/2027", told: 1 },
    ]);
    await world.until("2027-05-07T12:00", 3 * hour);
    expect(await findPolicy(world.ctx, policy)).toMatchObject({ told: 2, missed: 1 });
  });
});

test("ends of memberships, silence and registration each have one message, so many days before or after", async () => {
  const world = await livesAt("2027-06-01T00:00");
  const noon = (text: string) => utc(`${text}T12:00`);
  await world.has([
    { membership_ends_at: noon("2027-06-10"), last_active_at: noon("2027-05-20"), time_zone: "Asia/Tokyo" },
    { membership_ends_at: noon("2027-06-11"), registered_at: noon("2027-05-28"), time_zone: "UTC" },
  ]);
  const ends = await world.policy("MEMBERSHIP_ENDS", { days: 7 });
  const silent = await world.policy("INACTIVE", { days: 14 });
  const came = await world.policy("REGISTERED", { days: 7 });
  await world.until("2027-06-03T12:00", 6 * hour);
  // She came back, is silent anew, and renews: another end is another occasion.
  await world.ctx.db.write([sql`UPDATE member SET last_active_at = ${noon("2027-06-03")} WHERE seq = 1`]);
  await world.until("2027-06-05T00:00", 9 * hour);
  await world.ctx.db.write([sql`UPDATE member SET membership_ends_at = ${noon("2027-06-20")} WHERE seq = 2`]);
  await world.until("2027-06-20T00:00", 9 * hour);
  const marks = await world.ctx.db.all<{ policy: number; member: number; occasion: string }>(sql`
    SELECT policy, member, occasion FROM lifecycle_mark ORDER BY policy, at, member`);
  expect(marks).toEqual([
    { policy: ends, member: 1, occasion: `membership/${noon("2027-06-10")}` },
    { policy: ends, member: 2, occasion: `membership/${noon("2027-06-11")}` },
    { policy: ends, member: 2, occasion: `membership/${noon("2027-06-20")}` },
    { policy: silent, member: 1, occasion: `inactive/${noon("2027-05-20")}` },
    { policy: silent, member: 1, occasion: `inactive/${noon("2027-06-03")}` },
    { policy: came, member: 2, occasion: "registered" },
  ]);
});

test("of several coupons that expire on a day a member hears once, of what is used not at all", async () => {
  const world = await livesAt("2027-06-01T00:00");
  await world.has([{ time_zone: "UTC" }, { time_zone: "UTC" }]);
  const { id } = await addTemplate(world.ctx, { perMember: 5 });
  const { id: others } = await addTemplate(world.ctx, { shop: "paris" });
  const ofParis = sql`
    INSERT INTO coupon (member, template, number, source, at, valid_from, valid_to)
    VALUES (2, ${others}, 1, 'ISSUE', 0, 0, ${utc("2027-06-10T08:00")})`;
  const held = (member: number, number: number, state: string, validTo: number) => sql`
    INSERT INTO coupon (member, template, number, source, at, valid_from, valid_to, state)
    VALUES (${member}, ${id}, ${number}, 'ISSUE', 0, 0, ${validTo}, ${state})`;
  const [tenth, late] = [utc("2027-06-10T08:00"), utc("2027-06-10T23:00")];
  await world.ctx.db.write([
    held(1, 1, "AVAILABLE", tenth),
    held(1, 2, "AVAILABLE", late),
    held(2, 1, "USED", tenth),
    ofParis,
  ]);
  const policy = await world.policy("COUPON_EXPIRES", { days: 3 });
  await world.ctx.db.write([sql`UPDATE lifecycle_policy SET shop = 'berlin' WHERE id = ${policy}`]);
  await world.ctx.db.write([sql`UPDATE coupon_template SET shop = 'berlin' WHERE id = ${id}`]);
  await world.until("2027-06-12T00:00", 3 * hour);
  expect(await world.told()).toEqual(["2027-06-07T09:00 [1]"]);
  expect((await world.marks()).map(({ occasion }) => occasion)).toEqual(["coupon/1", "coupon/2"]);
});

test("killed wherever it may be and delivered twice and at once, a look tells each member once", async () => {
  const world = await livesAt("2027-05-05T08:50");
  await world.has(Array.from({ length: 30 }, () => ({ birthday: "1980-05-05", time_zone: "UTC" })));
  await world.policy("BIRTHDAY");
  world.sleeps("2027-05-05T09:00");
  await planAhead(world.ctx);
  await Promise.all([fireDue(world.ctx), fireDue(world.ctx)]);
  const [open] = await world.ctx.db.all<{ policy: number; at: number }>(sql`SELECT policy, at FROM lifecycle_look`);
  if (!open) throw new Error("nobody looks");
  let writes = 0;
  for (let dies = 1; dies < 12; dies++) {
    const db = new Proxy(world.ctx.db, {
      get(target, name, self) {
        if (name !== "write" && name !== "transaction") return Reflect.get(target, name, self);
        return (...given: unknown[]) => {
          if (++writes % dies === 0) throw new Error("killed");
          return Reflect.apply(Reflect.get(target, name, self), target, given);
        };
      },
    });
    await look({ ...world.ctx, db }, open).catch((error) => expect(String(error)).toContain("killed"));
  }
  await Promise.all([look(world.ctx, open), look(world.ctx, open), look(world.ctx, open)]);
  world.sleeps("2027-05-05T09:15");
  await world.looks();
  const campaigns = await world.ctx.db.all<{ audience: string }>(sql`SELECT audience FROM campaign`);
  expect(campaigns.map(({ audience }) => JSON.parse(audience).filter.lifecycle.at)).toEqual([
    "2027-05-05T09:00:00.000Z",
  ]);
  expect(await world.matched()).toBe(1);
  expect((await world.told()).length).toBe(1);
  expect((await world.marks()).length).toBe(30);
});

test("what cannot be sent marks nobody and says why; mended on the day, it tells them then", async () => {
  const world = await livesAt("2027-05-05T08:00");
  await world.has([{ birthday: "1980-05-05", time_zone: "UTC" }]);
  const { id: couponTemplate } = await addTemplate(world.ctx, { issueMode: "SYSTEM" });
  const policy = await world.policy("BIRTHDAY");
  const content = { IN_APP: { default: { title: "Hi", body: "A gift" } } };
  accepted(await world.set(policy, { push: { channels: ["IN_APP"], content, couponTemplate } }));
  await world.ctx.db.write([sql`UPDATE coupon_template SET state = 'SOLD_OUT' WHERE id = ${couponTemplate}`]);
  await world.until("2027-05-05T10:00");
  expect(await world.marks()).toEqual([]);
  expect((await findPolicy(world.ctx, policy))?.fault).toContain("nothing is left");
  await world.ctx.db.write([sql`UPDATE coupon_template SET state = 'ACTIVE' WHERE id = ${couponTemplate}`]);
  await world.until("2027-05-05T10:30");
  expect(await world.told()).toEqual(["2027-05-05T10:15 [1]"]);
  expect(await world.ctx.db.all(sql`SELECT kind FROM campaign`)).toEqual([{ kind: "COUPON_ISSUE" }]);
  expect((await findPolicy(world.ctx, policy))?.fault).toBeNull();
});
