import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { startRun } from "../../src/campaign/run/start.ts";
import type { Context } from "../../src/context.ts";
import { isRefusal } from "../../src/errors.ts";
import { addGoods, type GoodsInput, listGoods } from "../../src/hotgoods/goods.ts";
import { importGoods } from "../../src/hotgoods/import-goods.ts";
import { setPlan } from "../../src/hotgoods/plan.ts";
import { sendDay } from "../../src/hotgoods/send-day.ts";
import { fireDue } from "../../src/schedule/fire.ts";
import { planAhead } from "../../src/schedule/plan-ahead.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const day = "2027-12-24";

async function shopOfGoods(members: number, at = `${day}T09:00:00Z`) {
  const ledger = await openLedger();
  await ledger.members(members, { level: "i % 10" });
  let now = Date.parse(at);
  const ctx: Context = { ...ledger.ctx, clock: () => now };
  const content = { IN_APP: { default: { title: "{{ goods.name }}", body: "{{goods.description}} {{ goods.id }}!" } } };
  const plan = accepted(await setPlan(ctx, { hour: 10, zone: "UTC", push: { channels: ["IN_APP"], content } }));
  const opens = () => ctx.db.write([sql`INSERT OR IGNORE INTO hot_goods_day VALUES (${plan.id}, ${day}, ${now})`]);
  return {
    ctx,
    plan: plan.id,
    opens,
    async sends() {
      await opens();
      await sendDay(ctx, { plan: plan.id, day });
    },
    goods: async () => (await listGoods(ctx, { limit: 1_000 })).reverse(),
    marks: () =>
      ctx.db.all<{ member: number; goods: string }>(sql`
        SELECT k.member, h.goods FROM hot_goods_mark k JOIN hot_goods h ON h.id = k.goods ORDER BY k.member`),
    campaigns: () => ctx.db.all<{ name: string; content: string }>(sql`SELECT name, content FROM campaign ORDER BY id`),
    goesTo: (text: string) => {
      now = Date.parse(text);
    },
  };
}

const row = (goods: string, persona: unknown, priority = 0): GoodsInput => ({
  ...{ day, goods, name: `The ${goods}`, persona, priority },
});

test("of several goods of a day a member is told of one, the highest; what has no persona says so", async () => {
  const shop = await shopOfGoods(20);
  const rows = [
    row("low", { level: { gte: 0 } }),
    row("high", { level: { gte: 8 } }, 9),
    row("middle", { level: { gte: 6 } }, 5),
    row("nobody", { level: { gte: 9 } }, 1),
    row("lost", null, 99),
  ];
  accepted(await addGoods(shop.ctx, { rows }));
  for (const _ of [1, 2, 3]) await shop.sends();
  const by = Map.groupBy(await shop.marks(), ({ goods }) => goods);
  expect([...by].map(([goods, marks]) => [goods, marks.length]).sort()).toEqual([
    ["high", 4],
    ["low", 12],
    ["middle", 4],
  ]);
  const told = (await shop.goods()).map(({ goods, state, reason, members }) => [goods, state, reason, members]);
  expect(told).toEqual([
    ["low", "SENT", null, 12],
    ["high", "SENT", null, 4],
    ["middle", "SENT", null, 4],
    ["nobody", "SKIPPED", "NOBODY", 0],
    ["lost", "SKIPPED", "NO_PERSONA", 0],
  ]);
  expect((await shop.campaigns()).map(({ name }) => name)).toEqual(["The high", "The middle", "The low"]);
  const runs = await shop.ctx.db.all<{ id: number }>(sql`SELECT id FROM run`);
  for (const { id } of runs) await startRun(shop.ctx, { run: id });
  expect(await shop.ctx.db.all(sql`SELECT 1 FROM run WHERE state = 'RUNNING'`)).toHaveLength(3);
});

test("with overlapping personas: one push a member and day, the highest that fits; again, nothing more", async () => {
  const members = counted(300, 100_000);
  const shop = await shopOfGoods(members);
  const rows = Array.from({ length: counted(60, 200) }, (_, i) => {
    const persona = { sample: { percent: 5 + (i % 40), seed: `s${i % 17}` } };
    return row(`g${i}`, i % 20 === 19 ? null : { and: [persona, { level: { gte: i % 4 } }] }, (i * 37) % 50);
  });
  const said = accepted(await addGoods(shop.ctx, { rows }));
  await shop.sends();
  const marks = await shop.marks();
  const sent = (await shop.campaigns()).length;
  // Worked out anew, row by row, for each member by herself.
  const order = said
    .toSorted((a, b) => b.priority - a.priority || a.id - b.id)
    .filter(({ persona }) => persona !== null);
  const best = new Map<number, string>();
  for (const { goods, persona } of order) {
    const audience = accepted(shop.ctx.audience.parse(persona));
    const env = { asOf: shop.ctx.clock(), timeZone: "UTC", shop: "" };
    const fits = await shop.ctx.db.all<{ seq: number }>(
      sql`SELECT m.seq FROM member m WHERE ${audience.condition.predicate(env)}`,
    );
    for (const { seq } of fits) if (!best.has(seq)) best.set(seq, goods);
  }
  expect(new Map(marks.map(({ member, goods }) => [member, goods]))).toEqual(
    new Map([...best].sort(([a], [b]) => a - b)),
  );
  expect((await shop.goods()).filter(({ reason }) => reason === "NO_PERSONA")).toHaveLength(counted(3, 10));
  await Promise.all([shop.sends(), shop.sends()]);
  expect([(await shop.marks()).length, (await shop.campaigns()).length]).toEqual([marks.length, sent]);
});

test("killed wherever it may be, twice at once and again, a member has one and it is the highest", async () => {
  const shop = await shopOfGoods(60);
  accepted(await addGoods(shop.ctx, { rows: [0, 3, 6].map((gte) => row(`from ${gte}`, { level: { gte } }, gte)) }));
  await shop.opens();
  let writes = 0;
  for (let dies = 1; dies < 9; dies++) {
    const db = new Proxy(shop.ctx.db, {
      get(target, name, self) {
        if (name !== "write" && name !== "transaction") return Reflect.get(target, name, self);
        return (...given: unknown[]) => {
          if (++writes % dies === 0) throw new Error("killed");
          return Reflect.apply(Reflect.get(target, name, self), target, given);
        };
      },
    });
    const half = sendDay({ ...shop.ctx, db }, { plan: shop.plan, day });
    await half.catch((error) => expect(String(error)).toContain("killed"));
  }
  await Promise.all([1, 2, 3].map(() => sendDay(shop.ctx, { plan: shop.plan, day })));
  const wrong = (await shop.marks()).filter(
    ({ member, goods }) => goods !== `from ${Math.floor((member % 10) / 3) * 3}` && member % 10 !== 9,
  );
  expect(wrong).toEqual([]);
  expect(await shop.campaigns()).toHaveLength(3);
});

test("a daily schedule sends a day at its hour, and says LATE of goods whose day passed", async () => {
  const shop = await shopOfGoods(5);
  const old = { ...row("old", { level: { gte: 0 } }), day: "2027-12-20" };
  accepted(await addGoods(shop.ctx, { rows: [old, row("new", { level: { gte: 0 } })] }));
  shop.goesTo(`${day}T10:00:00Z`);
  await planAhead(shop.ctx);
  await Promise.all([fireDue(shop.ctx), fireDue(shop.ctx)]);
  const open = await shop.ctx.db.all<{ plan: number; day: string }>(sql`SELECT plan, day FROM hot_goods_day`);
  expect(open).toEqual([{ plan: shop.plan, day }]);
  for (const each of open) await sendDay(shop.ctx, each);
  expect((await shop.goods()).map(({ goods, reason }) => [goods, reason])).toEqual([
    ["old", "LATE"],
    ["new", null],
  ]);
});

test("goods' own words are text, whatever they look like", async () => {
  const shop = await shopOfGoods(2);
  const evil = {
    ...row("evil", { level: { gte: 0 } }),
    name: 'A "cup" {{ member.email }} {% if %}',
    description: "<b>",
  };
  accepted(await addGoods(shop.ctx, { rows: [evil] }));
  await shop.sends();
  expect((await shop.goods())[0]).toMatchObject({ state: "SENT", reason: null });
  const [{ content } = { content: "" }] = await shop.campaigns();
  expect(content).not.toContain("member.email }}");
});

test("a file gives its rows, all or none, with the place of each fault; what is decided on stays", async () => {
  const shop = await shopOfGoods(4);
  const uploads = (text: string) =>
    importGoods(shop.ctx, { file: { name: "goods.csv", content: new Blob([text]) }, personaOf: (said) => said });
  const head = "date;goods;name;persona;priority;keywords\n";
  const good = `${head}${day};tea;Tea;"{""level"":{""gte"":1}}";7;green, hot\n${day};cup;Cup;;;\n`;
  const bad = await uploads(`${head}${day};tea;Tea;{no;1;\n2027-02-30;cup;;;many;\n`);
  expect(isRefusal(bad) && bad.code === "INVALID_INPUT" ? bad.issues.map(({ path }) => path) : bad).toEqual([
    "2:persona",
  ]);
  const worse = await uploads(`${head}${day};tea;Tea;"{""level"":{""gt"":1}}";1;\n2027-02-30;cup;;;many;\n`);
  expect(isRefusal(worse)).toBe(true);
  expect(await shop.goods()).toEqual([]);
  for (const _ of [1, 2]) expect(accepted(await uploads(good))).toHaveLength(2);
  await shop.sends();
  accepted(await uploads(good.replace("7;green", "8;black")));
  expect(
    (await shop.goods()).map(({ goods, priority, keywords, reason }) => ({ goods, priority, keywords, reason })),
  ).toEqual([
    { goods: "tea", priority: 7, keywords: ["green", "hot"], reason: null },
    { goods: "cup", priority: 0, keywords: [], reason: "NO_PERSONA" },
  ]);
});
