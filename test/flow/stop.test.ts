import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { withTransaction } from "../../src/context.ts";
import { committerOf } from "../../src/coupon/claim/committer.ts";
import { askAs, memberEnv, memberToken } from "../support/ask.ts";
import { addTemplate } from "../support/coupons.ts";
import { openTestDatabase } from "../support/database.ts";
import { beginPost } from "../support/half-open.ts";
import { idOf } from "../support/operators.ts";
import { closeShops, openShop } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const claim = `mutation ($t: ID!) { claimCoupon(input: { templateId: $t, idempotencyKey: "k" }) { __typename } }`;

test("a stop answers the claims that were let in; all others, and only they, are told to come back", async () => {
  const dataDir = tempDir();
  const shop = await openShop({ env: memberEnv, dataDir });
  await shop.members(40);
  const template = await addTemplate(shop.ctx);
  const committer = committerOf(shop.ctx);
  const claims = Array.from({ length: 40 }, (_, n) =>
    askAs(shop, n + 1, claim, { t: idOf("CouponTemplate", template.id) }),
  );
  await until(() => committer.size > 0);
  const stopped = shop.stop();
  const answers = await Promise.all(claims);
  const [came, refused] = [
    answers.filter(({ status }) => status === 200),
    answers.filter(({ status }) => status === 503),
  ];
  await stopped;
  const db = await openTestDatabase(join(dataDir, "fanfare.db"));
  const rows = await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM coupon`);
  await db.close();
  expect([came.length + refused.length, came.length]).toEqual([40, rows?.n ?? 0]);
  expect(came.length).toBeGreaterThan(0);
  for (const { body } of came) expect(body.data.claimCoupon.__typename).toBe("Coupon");
  for (const { code, headers } of refused) expect([code, headers.get("retry-after")]).toEqual(["STOPPING", "1"]);
});

test("while it stops it lives, is not ready, and tells streams, files and half a request to come back", async () => {
  const shop = await openShop({ env: memberEnv });
  await shop.members(1);
  const template = await addTemplate(shop.ctx);
  const { url, adminToken = "" } = shop.app;
  const bearer = { authorization: `Bearer ${await memberToken(1)}` };
  const json = { "content-type": "application/json" };
  const stream = await fetch(`${url}/app`, {
    method: "POST",
    headers: { ...json, ...bearer, accept: "text/event-stream" },
    body: JSON.stringify({ query: "subscription { inboxChanged { unread } }" }),
  });
  const events = stream.text();
  const half = beginPost(`${url}/app`, { headers: bearer, body: '{"query":', length: 100 });
  const csv = { authorization: `Bearer ${adminToken}`, "content-type": "text/csv" };
  const file = beginPost(`${url}/imports`, { headers: csv, body: "externalId\n", length: 100 });
  await Promise.all([half.begun, file.begun]);
  for (let i = 0; i < 3; i++) await fetch(`${url}/livez`); // what was sent before these has come, too
  const gate = Promise.withResolvers<void>();
  const holding = withTransaction(shop.ctx, () => gate.promise);
  const held = askAs(shop, 1, claim, { t: idOf("CouponTemplate", template.id) });
  await until(() => committerOf(shop.ctx).size > 0);
  const stopped = shop.stop();
  expect(await (await fetch(`${url}/livez`)).json()).toEqual({ live: true });
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([503, { ready: false, stopping: true }]);
  const late = await fetch(`${url}/app`, { method: "POST", headers: { ...json, ...bearer }, body: "{}" });
  expect([late.status, late.headers.get("connection"), late.headers.get("retry-after")]).toEqual([503, "close", "1"]);
  expect(await events).toMatch(/"code":"STOPPING".*\n\nevent: complete\ndata:\n\n$/);
  await half.closed;
  expect(half.said()).toMatch(/^HTTP\/1.1 503 .*STOPPING/s);
  await file.closed;
  expect(file.said()).toMatch(/^HTTP\/1.1 503 .*STOPPING/s);
  gate.resolve();
  await holding;
  expect((await held).body.data.claimCoupon.__typename).toBe("Coupon");
  await stopped;
});
