import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { compileAudience, liveMember } from "../../src/audience/audience.ts";
import { isRefusal } from "../../src/errors.ts";
import { importMembers } from "../../src/member/import.ts";
import { importFaults } from "../../src/member/import-task.ts";
import { consentsOf, findMember } from "../../src/member/member.ts";
import { wishStatements } from "../../src/member/opt-out.ts";
import { eraseMember } from "../../src/member/privacy.ts";
import { setConsent, suppress, unsuppress } from "../../src/member/set-consent.ts";
import { upsertMembers } from "../../src/member/upsert.ts";
import { openShop, type Shop } from "./context.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.db.close());

async function upsert(...items: unknown[]) {
  const outcomes = await upsertMembers(shop.ctx, items);
  if (isRefusal(outcomes)) throw new Error(outcomes.message);
  return outcomes.map((outcome) => (outcome.kind === "invalid" ? outcome.issues : outcome.kind));
}

async function imported(text: string) {
  const task = await importMembers(shop.ctx, { name: "members.csv", content: new Blob([text]) });
  if (isRefusal(task)) throw new Error(task.message);
  return { task, faults: await importFaults(shop.ctx, task.id) };
}

async function selected(filter: unknown): Promise<string[]> {
  const audience = shop.ctx.audience.parse(filter);
  if (isRefusal(audience)) throw new Error(audience.message);
  const env = { asOf: shop.now, timeZone: "Europe/Berlin", shop: "", from: "index" } as const;
  const found = await shop.db.all<{ id: string }>(sql`
    SELECT external_id AS id FROM member m WHERE ${liveMember} AND ${compileAudience(audience, env)} ORDER BY seq`);
  return found.map(({ id }) => id);
}

const cafe = { composed: "Caf\u00E9", decomposed: "Cafe\u0301" };
const kim = {
  externalId: "kim",
  name: ` Kim\u200B  L${cafe.decomposed.slice(-2)}e `,
  email: "Kim.Lee@Shop.Example",
  phone: "+49 (0) 151 23456789",
  locale: "pt-br",
  timeZone: "europe/berlin",
  accountType: "Gold\u200B",
  tags: [cafe.decomposed, " VIP "],
  attributes: { [cafe.decomposed]: ` ${cafe.decomposed} `, list: [cafe.decomposed] },
};

describe("whom a filter names is whom was stored, however either was written", () => {
  const asked: Readonly<Record<string, { readonly is: string; readonly part: string }>> = {
    name: { is: "Kim L\u00E9e", part: "L\u00E9e" },
    email: { is: " KIM.LEE@shop.EXAMPLE", part: "Kim.Lee@S" },
    phone: { is: "0049 151 / 234-567 89", part: "+49 (0) 151 23" },
    locale: { is: "pt_BR", part: "pt" },
    timeZone: { is: "EUROPE/Berlin", part: "Berlin" },
    accountType: { is: " Gold ", part: "Go\u200Bld" },
    externalId: { is: "kim\uFEFF ", part: "ki\u200Bm" },
  };
  beforeAll(async () => {
    expect(await upsert(kim, { externalId: "lou", email: "lou@shop.example", phone: "+4915199999999" })).toEqual([
      "created",
      "created",
    ]);
  });

  test.each(Object.entries(asked))(
    "by %s: eq, in and contains find her, ne leaves her out",
    async (term, { is, part }) => {
      expect(await selected({ [term]: { eq: is } })).toEqual(["kim"]);
      expect(await selected({ [term]: { in: [is] } })).toEqual(["kim"]);
      expect(await selected({ [term]: { contains: part } })).toEqual(["kim"]);
      expect(await selected({ [term]: { ne: is } })).toEqual(["lou"]);
    },
  );

  test("by tags and attributes, composed or decomposed", async () => {
    for (const form of Object.values(cafe)) {
      expect(await selected({ tag: { has: form } })).toEqual(["kim"]);
      expect(await selected({ tag: { any: [form, "x"] } })).toEqual(["kim"]);
      expect(await selected({ tag: { all: [`${form} `, "VIP"] } })).toEqual(["kim"]);
      expect(await selected({ attribute: { path: form, eq: `${form}\u200B` } })).toEqual(["kim"]);
      expect(await selected({ attribute: { path: form, between: { from: form, to: form } } })).toEqual(["kim"]);
      expect(await selected({ attribute: { path: "list", contains: form } })).toEqual(["kim"]);
    }
  });

  test("what no value can be is refused with its place, not asked in vain", () => {
    const refused = shop.ctx.audience.parse({ and: [{ email: { in: ["kim"] } }, { phone: { ne: "0151 23" } }] });
    expect(isRefusal(refused) && refused.message).toBe(
      'and.0.email.in.0: "kim" is no e-mail address, it has no @: write it like kim@shop.example; ' +
        'and.1.phone.ne: "0151 23" is no phone number: write it with its country, e.g. +49 151 12345678',
    );
  });
});

describe("an id with a blank, or with something that nobody sees, is the same id", () => {
  test("for whoever sends it, in an item or a file, and for whoever looks for it", async () => {
    expect(await upsert({ externalId: "4711" }, { externalId: "4711 " })).toEqual([
      "created",
      [{ path: "externalId", message: "is the same as that of item 0" }],
    ]);
    const { task } = await imported('externalId,level\n"4711\u200B",7\n 4711 ,7\n');
    expect(task).toMatchObject({ created: 0, updated: 1, unchanged: 1 });
    expect(await findMember(shop.ctx, { externalId: "\u00A04711" })).toMatchObject({ externalId: "4711", level: 7 });
    expect(
      await setConsent(shop.ctx, { member: { externalId: "4711 " }, channel: "EMAIL", granted: true }),
    ).toMatchObject({ externalId: "4711" });
  });

  test("that was taken decomposed in earlier times is found, and put right when it comes again", async () => {
    const earlier = JSON.stringify([cafe.decomposed, "Zo\u00EB", "Zoe\u0308"]);
    await shop.db.write([
      sql`INSERT INTO member (id, external_id, registered_at, updated_at)
          SELECT 'old' || key, value, 1, 1 FROM json_each(${earlier})`,
    ]);
    expect(await findMember(shop.ctx, { externalId: cafe.composed })).toMatchObject({ id: "old0" });
    expect(await findMember(shop.ctx, { externalId: "Zoe\u0308" })).toMatchObject({ id: "old1" });
    expect(await upsert({ externalId: cafe.composed, level: 4 }, { externalId: "Zo\u00EB", level: 4 })).toEqual([
      "updated",
      "updated",
    ]);
    const rows = await shop.db.all(sql`SELECT id, external_id AS external, level FROM member WHERE id LIKE 'old%'`);
    expect(rows).toEqual([
      { id: "old0", external: cafe.composed, level: 4 },
      { id: "old1", external: "Zo\u00EB", level: 4 },
      { id: "old2", external: "Zoe\u0308", level: 0 },
    ]);
    expect(await eraseMember(shop.ctx, { externalId: cafe.decomposed })).toMatchObject({ id: "old0" });
  });

  test("that a spreadsheet has rounded is none: told with its row and column, and nobody is made of it", async () => {
    const { task, faults } = await imported(
      "level,externalId,attribute:card\n1,4.00639E+12,x\n2,4.00639E+12,\n3,ok,1.2E+18\n",
    );
    expect(task).toMatchObject({ created: 0, faulty: 3 });
    expect(faults.map(({ row, column }) => [row, column])).toEqual([
      [2, 2],
      [3, 2],
      [4, 3],
    ]);
    expect(faults[0]?.message).toContain("format the column as text");
    expect(await upsert({ externalId: "4.00639E+12" })).toEqual([
      [{ path: "externalId", message: expect.stringMatching(/^"4.00639E\+12" is a number that a spreadsheet/) }],
    ]);
  });
});

test("a number of a card keeps its digits or is refused, in an item and in a file", async () => {
  const [issues] = await upsert({ externalId: "card", attributes: { card: { number: 2 ** 60 } } });
  expect(issues).toEqual([{ path: "attributes.card.number", message: expect.stringContaining("make it a text") }]);
  expect(
    await upsert({ externalId: "card", attributes: { card: { number: "1234567890123456789", n: 2 ** 53 - 1 } } }),
  ).toEqual(["created"]);
  expect(await findMember(shop.ctx, { externalId: "card" })).toMatchObject({
    attributes: { card: { number: "1234567890123456789", n: 2 ** 53 - 1 } },
  });
  const { faults } = await imported("externalId,attribute:n:number\nc1,1234567890123456789\nc2,0x10\nc3,38.50\n");
  expect(faults.map(({ row, column }) => [row, column])).toEqual([
    [2, 2],
    [3, 2],
  ]);
});

test("a date in a file is the shop's day: who registered today is found by today", async () => {
  const { task } = await imported(
    "externalId,registeredAt,membershipEndsAt,birthday\nd1,2026-06-01,2026-06-01,2000-06-01\nd2,2026-06-02 00:30,,\n",
  );
  expect(task).toMatchObject({ created: 2, faulty: 0 });
  expect(await selected({ and: [{ registeredAt: { today: true } }, { tag: { has: "x" } }] })).toEqual([]);
  expect(await selected({ and: [{ registeredAt: { today: true } }, { birthday: { today: true } }] })).toEqual(["d1"]);
  expect(await selected({ membershipEndsAt: { today: true } })).toEqual(["d1"]);
  // On the last day of a membership it has not ended yet.
  expect(await selected({ membershipEndsAt: { gt: "2026-06-01T21:00:00Z" } })).toEqual(["d1"]);
  expect(await findMember(shop.ctx, { externalId: "d2" })).toMatchObject({
    registeredAt: Date.parse("2026-06-01T22:30:00Z"),
  });
});

test("addresses of the wider world are taken, localhost is not", async () => {
  const given = ["r&d@shop.example", "user@bücher.example", "kim@localhost", "用户@例子.广告"];
  const [, , refused] = await upsert(...given.map((email, i) => ({ externalId: `mail${i}`, email })));
  expect(refused).toEqual([{ path: "email", message: expect.stringMatching(/^"kim@localhost" is no e-mail address/) }]);
  expect(await selected({ email: { eq: "user@BÜCHER.example" } })).toEqual(["mail1"]);
  expect(await selected({ email: { contains: "@bücher" } })).toEqual(["mail1"]);
});

test("an address not to be written to is the member's, however an operator or a provider writes it", async () => {
  await upsert({ externalId: "stop", email: "stop@bücher.example", phone: "+4915166666666" });
  await suppress(shop.ctx, [{ channel: "EMAIL", address: "Stop <STOP@Bücher.example>", reason: "operator" }]);
  expect(await shop.db.all(sql`SELECT address FROM suppression`)).toEqual([{ address: "stop@xn--bcher-kva.example" }]);
  expect(await unsuppress(shop.ctx, "EMAIL", "stop@BÜCHER.example")).toBe(true);
  const said = { channel: "SMS", wish: "stop", phone: "+49 151-66666666", now: shop.now, guard: sql`1` } as const;
  await shop.db.write(wishStatements(said));
  const { seq = 0 } = (await findMember(shop.ctx, { externalId: "stop" })) ?? {};
  expect((await consentsOf(shop.ctx, [seq])).get(seq)).toMatchObject([{ channel: "SMS", granted: false }]);
});
