import { afterAll, beforeAll, expect, test } from "bun:test";
import { parse } from "csv-parse/sync";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { eraseMember } from "../../src/member/privacy.ts";
import { upsertMembers } from "../../src/member/upsert.ts";
import { auditDeed, changesBetween, historyOf, subjectOf } from "../../src/transition/audit.ts";
import { exportAudit } from "../../src/transition/audit-export.ts";
import { type AuditFilter, listAudit } from "../../src/transition/audit-list.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { as } from "../support/persons.ts";

let [any, kim, ada]: Context[] = [];
beforeAll(async () => {
  any = (await openLedger()).ctx;
  [kim, ada] = [as(any, "Kim", 1, 11, "berlin"), as(any, "Ada", 2, 22)];
});
afterAll(closeLedgers);

const day = 86_400_000;
const service = (ctx: Context): Context => ({
  ...ctx,
  actor: { kind: "service", id: 33, name: "shop", scopes: ["members:write"] },
});
const all = async (ctx: Context, filter: AuditFilter, window?: number) => {
  const found: string[] = [];
  for (let after: number | undefined; ; ) {
    const { rows, goOn } = await listAudit(ctx, filter, { after, limit: 2, ...(window && { window }) });
    found.push(...rows.map(({ what }) => what));
    after = rows.length === 2 ? rows.at(-1)?.id : goOn;
    if (after === undefined) return found;
  }
};

/** Rows as if they were written at times, by whom and to what; newest last. */
async function fill(ctx: Context, rows: readonly (readonly [what: string, subject: string, more?: object])[]) {
  await ctx.db.write([
    sql`DELETE FROM audit`,
    ...rows.map(([what, subject, more], n) => {
      const usual = { actor: "operator Kim", operator: 1, token: 11, actorShop: "", shop: "", at: n * 1_000 };
      const { actor, operator, token, actorShop, shop, at } = { ...usual, ...more };
      return sql`INSERT INTO audit (subject, what, actor, operator, token, actor_shop, shop, at)
        VALUES (${subject}, ${what}, ${actor}, ${operator}, ${token}, ${actorShop}, ${shop}, ${at})`;
    }),
  ]);
}

test("each filter lets through what it says, and all of them together; newest first", async () => {
  const job = { actor: "job sweep", operator: null, token: null };
  await fill(any!, [
    ["created", "campaign/7", { actorShop: "berlin", shop: "berlin" }],
    ["ACTIVE", "campaign/7", { ...job, shop: "berlin" }],
    ["paused", "flow/EMAIL", { actor: "operator Ada", operator: 2, token: 22 }],
    ["created", "campaign/8", { actor: "service shop", operator: null, token: 33 }],
    ["erased by me", "member/7", { actor: "member m_7", operator: null, token: null }],
    ["created anew", "coupon/7", { ...job, actor: "stock and budget", shop: "hamburg" }],
  ]);
  const cases: readonly (readonly [AuditFilter, string[]])[] = [
    [{}, ["created anew", "erased by me", "created", "paused", "ACTIVE", "created"]],
    [{ subject: "campaign/7" }, ["ACTIVE", "created"]],
    [{ noun: "campaign" }, ["created", "ACTIVE", "created"]],
    [{ noun: "coupon" }, ["created anew"]],
    [{ operator: 2 }, ["paused"]],
    [{ token: 33 }, ["created"]],
    [{ shop: "berlin" }, ["ACTIVE", "created"]],
    [{ shop: "" }, ["erased by me", "created", "paused"]],
    [{ actorShop: "berlin" }, ["created"]],
    [{ actorKind: "operator" }, ["paused", "created"]],
    [{ actorKind: "service" }, ["created"]],
    [{ actorKind: "member" }, ["erased by me"]],
    [{ actorKind: "system" }, ["created anew", "ACTIVE"]],
    [{ what: "CREATED" }, ["created anew", "created", "created"]],
    [{ since: 3_000 }, ["created anew", "erased by me", "created"]],
    [{ until: 2_000 }, ["ACTIVE", "created"]],
    [{ since: 1_000, until: 5_000, noun: "campaign", what: "a" }, ["created", "ACTIVE"]],
    [{ shop: "berlin", actorKind: "operator", noun: "campaign" }, ["created"]],
  ];
  for (const [filter, told] of cases) expect({ filter, told: await all(ada!, filter) }).toEqual({ filter, told });
});

test("an operator of a shop reads what was done to what is the shop's, whatever is asked for", async () => {
  await fill(any!, [
    ["own", "campaign/7", { shop: "berlin" }],
    ["theirs", "campaign/8", { shop: "hamburg" }],
    ["nobody's", "campaign/9"],
    ["own, too", "campaign/10", { shop: "berlin", operator: 2, token: 22 }],
  ]);
  const filters: AuditFilter[] = [
    {},
    { noun: "campaign" },
    { since: 0 },
    { actorKind: "operator" },
    { shop: "berlin" },
  ];
  for (const filter of filters) expect(await all(kim!, filter)).toEqual(["own, too", "own"]);
  for (const filter of [{ shop: "hamburg" }, { shop: "" }, { subject: "campaign/8" }, { what: "theirs" }])
    expect(await all(kim!, filter)).toEqual([]);
  expect(await all(kim!, { operator: 2 })).toEqual(["own, too"]);
  expect(await historyOf(kim!, "campaign/9")).toEqual([]);
});

test("a page goes on where it was, while entries are added", async () => {
  await fill(
    any!,
    Array.from({ length: 5 }, (_, n) => [`${n}`, "campaign/7"] as const),
  );
  const first = await listAudit(ada!, {}, { limit: 2 });
  await ada!.db.write([auditDeed(ada!, subjectOf("campaign", 7), "meanwhile")]);
  const second = await listAudit(ada!, {}, { after: first.rows.at(-1)?.id, limit: 9 });
  expect([first, second].map(({ rows }) => rows.map(({ what }) => what))).toEqual([
    ["4", "3"],
    ["2", "1", "0"],
  ]);
});

test("a clock that was set back hides nothing from those who ask by time", async () => {
  await fill(any!, [
    ["long ago", "campaign/7", { at: 0 }],
    ["ahead", "campaign/7", { at: 10 * day }],
    ["set back", "campaign/7", { at: 9 * day + 1 }],
    ["later", "campaign/7", { at: 20 * day }],
  ]);
  expect(await all(ada!, { until: 10 * day })).toEqual(["set back", "long ago"]);
  expect(await all(ada!, { since: 9 * day, until: 11 * day })).toEqual(["set back", "ahead"]);
  expect(await all(ada!, { since: 10 * day })).toEqual(["later", "ahead"]);
});

test("what is rare is found behind much else, a bounded number of entries at a time", async () => {
  await fill(any!, [["rare", "campaign/7"]]);
  const [window, many] = [counted(100, 10_000), counted(1_100, 300_000)];
  await any!.db.write([
    sql`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${many})
      INSERT INTO audit (subject, what, actor, at) SELECT 'run/' || i, 'RUNNING', 'job sweep', i FROM n`,
  ]);
  const { rows, goOn } = await listAudit(ada!, { what: "rare" }, { limit: 2, window });
  expect([rows, typeof goOn]).toEqual([[], "number"]);
  expect(await all(ada!, { what: "rare" }, window)).toEqual(["rare"]);
  expect(await all(ada!, { noun: "campaign", what: "rare" })).toEqual(["rare"]);
});

test("the file holds what the list does, is written down itself, and runs nothing in a spreadsheet", async () => {
  await fill(any!, [
    ['said "so", twice', "campaign/7", { shop: "berlin" }],
    ["=HYPERLINK(1)", "campaign/8", { shop: "berlin", actor: "operator @Kim" }],
    ["theirs", "campaign/9", { shop: "hamburg" }],
  ]);
  const taken = async (ctx: Context, filter: AuditFilter = {}) => {
    const texts = await Array.fromAsync(await exportAudit(ctx, filter));
    return parse(texts.join(""), { columns: true }) as Record<string, string>[];
  };
  const rows = await taken({ ...kim!, reason: "for the auditors" });
  expect(rows.map(({ what, shop }) => [what, shop])).toEqual([
    ["'=HYPERLINK(1)", "berlin"],
    ['said "so", twice', "berlin"],
  ]);
  expect(rows[0]).toMatchObject({ subject: "campaign/8", at: "1970-01-01T00:00:01.000Z", reason: "" });
  expect((await listAudit(kim!, {}, { limit: 1 })).rows).toMatchObject([
    { subject: "audit/berlin", what: "took all of it out", shop: "berlin", reason: "for the auditors", operator: 1 },
  ]);
  expect((await taken(ada!, { subject: "campaign/9" })).map(({ what }) => what)).toEqual(["theirs"]);
});

test("services pay nothing: what they do all day long is not written down", async () => {
  await fill(any!, []);
  const item = { externalId: "s1", level: 1 };
  await upsertMembers(service(any!), [item]);
  expect(await all(ada!, {})).toEqual([]);
  await upsertMembers(ada!, [item, { externalId: "s2", email: "s2@shop.test" }, { ...item, externalId: "s3" }]);
  await upsertMembers(ada!, [{ externalId: "s1", level: 2, name: "Mia" }]);
  expect(await all(ada!, {})).toEqual(["wrote level, name", "created", "created"]);
});

test("a member who is erased twice at once was erased once", async () => {
  await fill(any!, []);
  await upsertMembers(service(any!), [{ externalId: "gone" }]);
  await Promise.all([1, 2].map(() => eraseMember({ ...ada!, reason: "asked for" }, { externalId: "gone" })));
  const { rows } = await listAudit(ada!, {}, { limit: 9 });
  expect(rows.map(({ what, reason }) => [what, reason])).toEqual([["erased", "asked for"]]);
});

test("of what is long or personal only that it changed is told", () => {
  const before = { name: "Sale", filter: { email: { eq: "mia@shop.test" } }, startsAt: null };
  expect(changesBetween(before, { name: "x".repeat(300), filter: {}, startsAt: 5 }, ["filter"])).toEqual([
    { fact: "name", from: null, to: null },
    { fact: "filter", from: null, to: null },
    { fact: "startsAt", from: "none", to: "1970-01-01T00:00:00.005Z" },
  ]);
  expect(changesBetween(before, { ...before })).toEqual([]);
});
