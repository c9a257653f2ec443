import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { everyone } from "../../src/audience/audience.ts";
import { isRefusal } from "../../src/errors.ts";
import { addressesOf, reachable } from "../../src/member/consent.ts";
import { estimateAudience } from "../../src/member/estimate.ts";
import { consentsOf, findMember, type Member, pushTokensOf, tagsOf } from "../../src/member/member.ts";
import { countMembers, memberPage } from "../../src/member/member-search.ts";
import { eraseMember, exportMember } from "../../src/member/privacy.ts";
import { setConsent, suppress, unsuppress } from "../../src/member/set-consent.ts";
import { type UpsertOutcome, upsertMembers } from "../../src/member/upsert.ts";
import { accepted } from "../support/shop.ts";
import { openShop, type Shop } from "./context.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.db.close());

async function upsert(...items: unknown[]): Promise<readonly UpsertOutcome[]> {
  const outcomes = await upsertMembers(shop.ctx, items);
  if (isRefusal(outcomes)) throw new Error(outcomes.message);
  return outcomes;
}

async function member(externalId: string): Promise<Member> {
  const found = await findMember(shop.ctx, { externalId });
  if (!found) throw new Error(`no member ${externalId}`);
  return found;
}

const kinds = (outcomes: readonly UpsertOutcome[]) => outcomes.map(({ kind }) => kind);

describe("upsertMembers", () => {
  test("creates, updates, and leaves alone what is the same", async () => {
    const anna = {
      externalId: "anna",
      name: " Anna  Müller ",
      email: " Anna@Shop.Example ",
      phone: "0049 151 / 123-456 78",
      level: 2,
    };
    expect(kinds(await upsert(anna, { externalId: "ben" }))).toEqual(["created", "created"]);
    expect(await member("anna")).toMatchObject({
      name: "Anna Müller",
      email: "anna@shop.example",
      phone: "+4915112345678",
      level: 2,
      locale: "en",
    });
    expect(kinds(await upsert(anna, { externalId: "ben", level: 1 }, { externalId: "cem" }))).toEqual([
      "unchanged",
      "updated",
      "created",
    ]);
  });

  test("answers the public id that the member keeps", async () => {
    const [first] = await upsert({ externalId: "ida" });
    const [again] = await upsert({ externalId: "ida", level: 9 });
    expect(again).toEqual({ ...first, kind: "updated" } as UpsertOutcome);
    expect(await findMember(shop.ctx, { id: first && "id" in first ? first.id : "" })).toMatchObject({
      externalId: "ida",
    });
  });

  test("leaves alone what an item does not give, and takes away what it gives as null", async () => {
    await upsert({
      externalId: "dora",
      name: "Dora",
      email: "dora@shop.example",
      points: 5,
      birthday: "1990-01-01",
      locale: "de-at",
      registeredAt: "2020-01-01T00:00:00Z",
    });
    await upsert(
      { externalId: "dora", name: null, birthday: null },
      { externalId: "eve", email: null, points: 7, locale: "fr" },
    );
    expect(await member("dora")).toMatchObject({
      name: null,
      email: "dora@shop.example",
      points: 5,
      birthday: null,
      locale: "de-AT",
      registeredAt: Date.parse("2020-01-01T00:00:00Z"),
    });
    expect(await member("eve")).toMatchObject({ email: null, points: 7, registeredAt: shop.now });
  });

  test("merges attributes; null removes a name", async () => {
    await upsert(
      { externalId: "finn", attributes: { size: "M", address: { city: "Graz", zip: "8010" } } },
      { externalId: "g" },
    );
    await upsert(
      { externalId: "finn", attributes: { size: null, address: { zip: "8020" }, vip: true } },
      { externalId: "g", level: 1 },
    );
    expect((await member("finn")).attributes).toEqual({ address: { city: "Graz", zip: "8020" }, vip: true });
    expect((await member("g")).attributes).toEqual({});
  });

  test("replaces tags and push tokens, moves a token to its new owner, and calls that an update", async () => {
    await upsert(
      { externalId: "hans", tags: ["a", "b"], pushTokens: ["t1", "t2"] },
      { externalId: "ivy", tags: ["a"] },
    );
    const outcomes = await upsert(
      { externalId: "hans", tags: ["b", "a"] },
      { externalId: "ivy", tags: ["c"], pushTokens: ["t2"] },
    );
    expect(kinds(outcomes)).toEqual(["unchanged", "updated"]);
    const [hans, ivy] = [(await member("hans")).seq, (await member("ivy")).seq];
    const [tags, tokens] = [await tagsOf(shop.ctx, [hans, ivy]), await pushTokensOf(shop.ctx, [hans, ivy])];
    expect([tags.get(hans), tags.get(ivy)]).toEqual([["a", "b"], ["c"]]);
    const of = (token: string) => [{ channel: "PUSH" as const, token }];
    expect([tokens.get(hans), tokens.get(ivy)]).toEqual([of("t1"), of("t2")]);
  });

  test("a push token is of its channel: a list replaces that channel's alone, and a token moves", async () => {
    const tokens = async (): Promise<Record<string, string>> => {
      const { seq } = await member("kai");
      const found = (await pushTokensOf(shop.ctx, [seq])).get(seq) ?? [];
      return Object.fromEntries(found.map(({ channel, token }) => [token, channel]));
    };
    await upsert({ externalId: "kai", pushTokens: ["k1", "k2"] });
    await shop.db.write([sql`UPDATE push_token SET channel = 'OTHER' WHERE token = 'k2'`]); // as a second provider's
    expect(kinds(await upsert({ externalId: "kai", pushTokens: ["k1"] }))).toEqual(["unchanged"]);
    expect(await tokens()).toEqual({ k1: "PUSH", k2: "OTHER" });
    const lists = { pushTokens: ["k1"], channelTokens: [{ channel: "PUSH", tokens: ["k2", "k3"] }] };
    expect(kinds(await upsert({ externalId: "kai", ...lists }))).toEqual(["updated"]);
    expect(await tokens()).toEqual({ k1: "PUSH", k2: "PUSH", k3: "PUSH" });
    const [faulty] = await upsert({ externalId: "kai", channelTokens: [{ channel: "SMS", tokens: ["k4"] }] });
    expect(faulty).toMatchObject({ issues: [{ message: expect.stringContaining("push tokens; there are PUSH") }] });
  });

  test("another channel's token is no address on PUSH", async () => {
    await upsert({ externalId: "lou", pushTokens: ["l1"], consent: [{ channel: "PUSH", granted: true }] });
    const reached = async () =>
      await shop.db.first<{ n: number; to: string }>(sql`
        SELECT ${reachable("PUSH", "*")} AS n, ${addressesOf("PUSH")} AS "to"
        FROM member m WHERE external_id = 'lou'`);
    expect(await reached()).toEqual({ n: 1, to: '["l1"]' });
    await shop.db.write([sql`UPDATE push_token SET channel = 'OTHER' WHERE token = 'l1'`]);
    expect(await reached()).toEqual({ n: 0, to: "[]" });
  });

  test("takes consent with an item, and never lets an older word replace a later one", async () => {
    await upsert({ externalId: "jo", consent: [{ channel: "EMAIL", granted: true }] });
    const { seq } = await member("jo");
    await setConsent(shop.ctx, { member: { seq }, channel: "EMAIL", granted: false, source: "unsubscribe-link" });
    const old = new Date(shop.now - 1000).toISOString();
    const outcomes = await upsert({ externalId: "jo", consent: [{ channel: "EMAIL", granted: true, at: old }] });
    expect(kinds(outcomes)).toEqual(["unchanged"]);
    expect((await consentsOf(shop.ctx, [seq])).get(seq)).toMatchObject([
      { granted: false, source: "unsubscribe-link", topic: "*" },
    ]);
  });

  test("names what is wrong with an item and writes the others", async () => {
    const outcomes = await upsert(
      { externalId: "kim", email: "no address" },
      { externalId: "lea" },
      { externalId: "lea", level: 3 },
      { externalId: "max", level: 1.5, phone: "12", timeZone: "Mars/Base", lvl: 1, locale: "x_y" },
      "nobody",
    );
    expect(kinds(outcomes)).toEqual(["invalid", "created", "invalid", "invalid", "invalid"]);
    const faults = outcomes.map((outcome) =>
      outcome.kind === "invalid" ? outcome.issues.map(({ path }) => path) : [],
    );
    expect(faults[0]).toEqual(["email"]);
    expect(faults[2]).toEqual(["externalId"]);
    expect(faults[3]!.toSorted()).toEqual(["", "level", "locale", "phone", "timeZone"]);
    expect(await member("lea")).toMatchObject({ level: 0 });
  });

  test("refuses more than 1,000 items", async () => {
    const refusal = await upsertMembers(
      shop.ctx,
      Array.from({ length: 1001 }, (_, i) => ({ externalId: `too-many-${i}` })),
    );
    expect(isRefusal(refusal) && refusal.code).toBe("INVALID_INPUT");
  });
});

describe("members are paged", () => {
  test("by keyset, within an audience, without the erased", async () => {
    await upsert(...Array.from({ length: 30 }, (_, i) => ({ externalId: `page-${i}`, tags: ["paged"] })));
    await eraseMember(shop.ctx, { externalId: "page-4" });
    const audience = shop.ctx.audience.parse({ tag: { has: "paged" } });
    if (isRefusal(audience)) throw new Error(audience.message);
    const first = accepted(await memberPage(shop.ctx, { limit: 20, audience }));
    const second = accepted(await memberPage(shop.ctx, { limit: 20, audience, after: first.at(-1)?.seq }));
    expect([first.length, second.length]).toEqual([20, 9]);
    expect([...first, ...second].map(({ externalId }) => externalId)).not.toContain("page-4");
    expect(await countMembers(shop.ctx, audience)).toBe(29);
  });
});

describe("privacy", () => {
  const zoe = {
    externalId: "zoe",
    email: "zoe@shop.example",
    points: 40,
    totalSpend: 99,
    tags: ["vip"],
    pushTokens: ["tz"],
    attributes: { shoe: 38 },
    consent: [{ channel: "EMAIL", granted: true }],
  };

  test("an export holds all that is known, other domains' rows included", async () => {
    await upsert(zoe);
    await suppress(shop.ctx, [{ channel: "EMAIL", address: "zoe@shop.example", reason: "complaint" }]);
    const notes = { name: "notes", table: "note", rows: (seq: number) => sql`SELECT ${seq} AS about`, erase: () => [] };
    const other = { name: "other", about: "Another domain.", tables: ["note"], personalData: [notes] };
    const ctx = { ...shop.ctx, domains: [...shop.ctx.domains, other] };
    const data = await exportMember(ctx, { externalId: "zoe" });
    const { seq } = await member("zoe");
    expect(data).toMatchObject({
      member: { email: "zoe@shop.example", attributes: { shoe: 38 } },
      tags: ["vip"],
      pushTokens: ["tz"],
      consent: [{ channel: "EMAIL", granted: true }],
      suppressions: [{ reason: "complaint" }],
      notes: [{ about: seq }],
    });
  });

  test("erasing leaves a row that keeps its sums and says nothing of the person", async () => {
    const { seq, id } = await member("zoe");
    expect(await eraseMember(shop.ctx, { id })).toEqual({ id, seq });
    const row = await shop.db.first(sql`SELECT * FROM member WHERE seq = ${seq}`);
    expect(row).toMatchObject({ points: 40, total_spend: 99, email: null, attributes: "{}", deleted_at: shop.now });
    expect(JSON.stringify(row)).not.toContain("zoe");
    for (const table of ["member_tag", "push_token", "consent"])
      expect(await shop.db.all(sql`SELECT 1 FROM ${sql.raw(table)} WHERE member = ${seq}`)).toEqual([]);
    expect(JSON.stringify(await shop.db.all(sql`SELECT * FROM suppression, address_no`))).not.toContain("zoe");
    expect(await eraseMember(shop.ctx, { id })).toMatchObject({ code: "NOT_FOUND" });
  });

  test("the same externalId arrives afterwards as a new member, whose address is suppressed as it was", async () => {
    expect(kinds(await upsert(zoe))).toEqual(["created"]);
    expect(await shop.db.all(sql`SELECT address, reason FROM suppression WHERE channel = 'EMAIL'`)).toContainEqual({
      address: "zoe@shop.example",
      reason: "complaint",
    } as never);
  });
});

test("an estimate counts the audience, shows ten of it and says whom each channel reaches", async () => {
  const people = Array.from({ length: 40 }, (_, i) => ({
    externalId: `estimate-${i}`,
    tags: ["estimated"],
    ...(i < 30 ? { email: `estimate-${i}@shop.example` } : {}),
    ...(i < 20
      ? {
          consent: [
            { channel: "EMAIL", granted: true },
            { channel: "EMAIL", topic: "deals", granted: i >= 5 },
          ],
        }
      : {}),
    control: i === 19,
  }));
  await upsert(...people);
  await suppress(shop.ctx, [{ channel: "EMAIL", address: "estimate-6@shop.example", reason: "hard-bounce" }]);
  const audience = shop.ctx.audience.parse({ tag: { has: "estimated" } });
  if (isRefusal(audience)) throw new Error(audience.message);
  const estimate = accepted(await estimateAudience(shop.ctx, audience));
  expect(estimate.count).toBe(40);
  expect(estimate.sample).toHaveLength(10);
  expect(estimate.sample.every(({ externalId }) => externalId.startsWith("estimate-"))).toBe(true);
  const reach = (list: typeof estimate.reach) =>
    Object.fromEntries(list.map(({ channel, members }) => [channel, members]));
  expect(reach(estimate.reach)).toMatchObject({ IN_APP: 39, POPUP: 39, EMAIL: 18, SMS: 0, PUSH: 0 });
  expect(reach(accepted(await estimateAudience(shop.ctx, audience, "deals")).reach).EMAIL).toBe(13);
  expect(await unsuppress(shop.ctx, "EMAIL", "estimate-6@shop.example")).toBe(true);
  expect(reach(accepted(await estimateAudience(shop.ctx, audience, "deals")).reach).EMAIL).toBe(14);
  const all = accepted(await estimateAudience(shop.ctx, everyone));
  expect(all.count).toBe(accepted(await countMembers(shop.ctx)));
});
