import { afterAll, expect, test } from "bun:test";
import { addTemplate } from "../support/coupons.ts";
import { checked, issued, rowsOf, told } from "../support/distributions.ts";
import { couponFaults } from "../support/issue.ts";
import { closeLedgers, openLedger } from "../support/light.ts";

afterAll(closeLedgers);

test("every row has one outcome, the true one, predicted and then so", async () => {
  const { ctx, members } = await openLedger();
  await members(20, { level: "i % 10" });
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM", stock: 5 })).id;
  const ids = ["x1", "x2", "nobody", "x1", "", "x3", "x4", "x5", "x6", "1.38E+10"];
  const file = `externalId,phone\n${ids.map((id) => `${id},`).join("\n")}\nx9,123\n`;
  const ready = await checked(ctx, file, { template });
  const predicted = { INVALID: 2, UNKNOWN_MEMBER: 1, DUPLICATE: 1, OUT_OF_STOCK: 1, ISSUED: 5 };
  expect([ready.state, ready.rows, told(ready, "predicted")]).toEqual(["READY", 10, predicted]);
  const done = await issued(ctx, ready.id);
  expect([done.state, told(done, "ended")]).toEqual(["COMPLETED", predicted]);
  const found = await rowsOf(ctx, ready.id);
  expect(found.map(({ row, outcome, cause, column, other }) => [row, outcome, cause, column, other])).toEqual([
    [2, "ISSUED", null, null, null],
    [3, "ISSUED", null, null, null],
    [4, "UNKNOWN_MEMBER", null, 1, null],
    [5, "DUPLICATE", null, null, 2],
    [7, "ISSUED", null, null, null],
    [8, "ISSUED", null, null, null],
    [9, "ISSUED", null, null, null],
    [10, "OUT_OF_STOCK", "SOLD_OUT", null, null],
    [11, "INVALID", "UNREADABLE", 1, null],
    [12, "INVALID", "UNREADABLE", 2, null],
  ]);
  expect(await couponFaults(ctx.db)).toEqual([]);
});
