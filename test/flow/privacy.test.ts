import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { freezeBatch } from "../../src/campaign/delivery/freeze.ts";
import { renderBatch } from "../../src/campaign/delivery/render-batch.ts";
import { isRefusal } from "../../src/errors.ts";
import { eraseMember, exportMember } from "../../src/member/privacy.ts";
import { closeShops, openShop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

test("a member's export names every send, and erasing the member leaves the ledger's sums as they were", async () => {
  const shop = await openShop();
  await shop.members(20);
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await shop.becomes(run, "COMPLETED");
  const before = await shop.ledger(run);

  const exported = await exportMember(shop.ctx, { seq: 7 });
  if (isRefusal(exported)) throw new Error(exported.message);
  expect(exported.sends).toMatchObject([
    { run, channel: "IN_APP", state: "SENT" },
    { run, channel: "EMAIL", state: "SENT" },
  ]);
  expect(exported.inbox).toHaveLength(1);

  await eraseMember(shop.ctx, { seq: 7 });
  expect(await shop.ledger(run)).toEqual(before);
  const left = await shop.ctx.db.first<{ provider: number; inbox: number; person: number }>(sql`
    SELECT (SELECT count(*) FROM send WHERE member = 7 AND provider_id IS NOT NULL) AS provider,
      (SELECT count(*) FROM inbox WHERE member = 7) AS inbox,
      (SELECT count(*) FROM member
        WHERE seq = 7 AND (email IS NOT NULL OR phone IS NOT NULL OR attributes <> '{}')) AS person`);
  expect(left).toMatchObject({ provider: 0, inbox: 0, person: 0 });
});

test("an erased member is in no audience any more", async () => {
  const shop = await openShop();
  await shop.members(10);
  await eraseMember(shop.ctx, { seq: 3 });
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 9 });
});

test("a member erased after a batch was frozen is not written to", async () => {
  const held = async (request: Request) => (request.url.endsWith("/channel-send") ? Response.json({}) : fetch(request));
  const shop = await openShop({ deliver: held });
  await shop.members(5);
  const run = await shop.launched({ channels: ["EMAIL"] });
  await until(async () => (await shop.ledger(run))["EMAIL PENDING"] === 5);
  const freeze = await freezeBatch(shop.ctx, { batch: 1 });
  if (freeze.kind !== "frozen") throw new Error(freeze.kind);
  await eraseMember(shop.ctx, { seq: 2 });
  const { envelopes, failed } = await renderBatch(shop.ctx, freeze.batch);
  expect(envelopes.map(({ to }) => to.length)).toEqual([1, 1, 1, 1]);
  expect(failed).toEqual([{ member: 2, reason: "ERASED" }]);
});

test("the ledger of a run is forgotten after its time, and its sums are not", async () => {
  const shop = await openShop({ env: { LEDGER_DAYS: "1" } });
  await shop.members(50);
  const run = await shop.launched({ channels: ["IN_APP"] });
  await shop.becomes(run, "COMPLETED");
  await shop.sweep();
  expect(await shop.ledger(run)).toEqual({ "IN_APP SENT": 50 });
  shop.pass(2 * 24 * 3_600_000);
  await shop.sweep();
  expect(await shop.ledger(run)).toEqual({});
  const sums = await shop.ctx.db.all<{ n: number }>(sql`SELECT n FROM tally WHERE run = ${run} AND state = 'SENT'`);
  expect(sums.map(({ n }) => n)).toEqual([50]);
});
