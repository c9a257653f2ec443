import { afterAll, expect, test } from "bun:test";
import type { RenderMember } from "../../../src/campaign/content/render.ts";
import { textsOfReader } from "../../../src/campaign/inbox/kept-texts.ts";
import { remembered } from "../../../src/memory.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";

afterAll(closeLedgers);

const kim: RenderMember = {
  seq: 1,
  id: "m_1",
  external_id: "x1",
  name: "Kim",
  email: null,
  phone: null,
  locale: "en",
  time_zone: null,
  level: 1,
  points: 0,
  total_spend: 0,
  account_type: "personal",
  birthday: null,
  attributes: "{}",
};
const text = (title: string) => ({ title, body: "b", url: null });

test("a text is known by run, channel, language, zone, and what it uses of its reader", async () => {
  const { ctx } = await openLedger();
  const of = (member: RenderMember, own = "", channel: "IN_APP" | "POPUP" = "IN_APP") =>
    textsOfReader(ctx, channel, member, new Map([[1, own]]));
  const named = { member: ["name"], offer: false };
  of(kim).keep(1, named, text("Hi Kim"));
  expect(of({ ...kim, seq: 2, points: 5 }).get(1, named)).toEqual(text("Hi Kim"));
  for (const other of [{ name: "Li" }, { locale: "de" }, { time_zone: "Asia/Tokyo" }])
    expect(of({ ...kim, ...other }).get(1, named)).toBeUndefined();
  expect(of(kim, "", "POPUP").get(1, named)).toBeUndefined();
  expect(of(kim).get(2, named)).toBeUndefined();
  expect(of(kim).get(1, { member: [], offer: false })).toBeUndefined();
  const offered = { member: [], offer: true };
  of(kim, '{"code":"A"}').keep(1, offered, text("A"));
  expect(of(kim, '{"code":"A"}').get(1, offered)).toEqual(text("A"));
  expect(of(kim, '{"code":"B"}').get(1, offered)).toBeUndefined();
  expect(of({ ...kim, seq: 2 }, '{"code":"A"}').get(1, offered)).toBeUndefined();
});

test("texts that nobody asks for go when there are too many, those that are asked for stay", async () => {
  const { ctx } = await openLedger();
  const texts = textsOfReader(ctx, "IN_APP", kim, new Map());
  const plain = { member: [], offer: false };
  const long = "x".repeat(100_000);
  for (let run = 1; run <= 90; run++) {
    texts.keep(run, plain, text(long));
    expect(texts.get(1, plain)).toBeDefined();
  }
  expect(texts.get(2, plain)).toBeUndefined();
  expect(texts.get(90, plain)).toBeDefined();
  expect(remembered(ctx).find(({ name }) => name === "campaign.inboxTexts")?.size).toBeLessThan(45);
});
