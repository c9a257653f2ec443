import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { compile, type Statement } from "../../src/db/statement.ts";
import { findMembers } from "../../src/member/find-members.ts";
import { closeLedgers, type Ledger, openLedger } from "../support/light.ts";

let ledger: Ledger;
beforeAll(async () => {
  ledger = await openLedger();
  await ledger.members(30);
  await ledger.ctx.db.write([
    sql`UPDATE member SET external_id = '4711' WHERE seq = 7`,
    sql`UPDATE member SET name = 'Zoë Lee' WHERE seq = 20`,
    sql`UPDATE member SET name = 'zoo' WHERE seq = 21`,
    sql`UPDATE member SET name = '王小明' WHERE seq = 22`,
    sql`UPDATE member SET deleted_at = 1 WHERE seq = 9`,
  ]);
});
afterAll(closeLedgers);

const find = async (text: string, limit = 10) => (await findMembers(ledger.ctx, { text, limit })).map(({ seq }) => seq);

test("a member is found by what she says: address, phone, either id, or how they begin", async () => {
  expect(await find(" U3@Shop.Test ")).toEqual([3]);
  expect(await find("+49 15 1000 0012")).toEqual([12]);
  expect([await find("4711"), await find("471"), await find("47")]).toEqual([[7], [7], []]);
  expect(await find("m_5")).toEqual([5]);
  expect(await find("u1@")).toEqual([1]);
  expect(await find("x12")).toEqual([12]);
  expect([await find("x9"), await find("u9@shop.test"), await find(""), await find("%")]).toEqual([[], [], [], []]);
  expect(await find("u2", 50)).toEqual([]);
  expect(await find("u2@shop.test%")).toEqual([]);
});

test("a member is found by her name, in capitals or not, and by how it begins", async () => {
  expect([await find("zoë  LEE"), await find("ZOO"), await find("zo")]).toEqual([[20], [21], []]);
  expect([await find("Zoë"), await find("lee")]).toEqual([[20], []]);
  // Two signs are most of a Chinese name, one is a family of millions.
  expect([await find("王小明"), await find("王小"), await find("王")]).toEqual([[22], [22], []]);
});

test("looking for a member walks no members", async () => {
  const asked: Statement[] = [];
  const { db } = ledger.ctx;
  const spied = { ...db, all: <Row>(query: Parameters<typeof db.all>[0]) => db.all<Row>(note(query)) };
  const note = (query: Parameters<typeof db.all>[0]) => {
    asked.push(compile(query));
    return query;
  };
  await findMembers({ ...ledger.ctx, db: spied }, { text: "+49151000", limit: 5 });
  const plans = [];
  for (const { sql: text, args } of asked)
    plans.push(...(await db.all<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${text}`, args })));
  expect(plans.filter(({ detail }) => /SCAN m\b/.test(detail))).toEqual([]);
  expect(plans.filter(({ detail }) => /SEARCH m USING (INDEX|INTEGER)/.test(detail)).length).toBeGreaterThan(5);
});
