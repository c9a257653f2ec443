import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { historyOf, subjectOf } from "../../src/transition/audit.ts";
import { addressFault } from "../../src/webhook/address.ts";
import { secretsAt } from "../../src/webhook/secret.ts";
import { tidy } from "../../src/webhook/sweep.ts";
import {
  createWebhook,
  deleteWebhook,
  listWebhooks,
  rotateWebhookSecret,
  updateWebhook,
} from "../../src/webhook/webhook.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { accepted } from "../support/shop.ts";

let db: RootDatabase;
let ctx: Context;
beforeAll(async () => {
  db = await openTestDatabase();
  ctx = testContext(db, { kind: "operator", id: 1, operator: 1, shop: "", name: "Kim", role: "admin" });
});
afterAll(() => db.close());

const url = "https://shop.example/hook";

test("an endpoint is told of everything, or of what it names; each change is noted with who made it", async () => {
  const { webhook, secret } = accepted(await createWebhook(ctx, { url, description: " CRM " }));
  expect(webhook).toMatchObject({ url, description: "CRM", types: null, enabled: true, failingSince: null });
  expect(Buffer.from(secret.replace(/^whsec_/, ""), "base64")).toHaveLength(32);
  const { id } = webhook;
  const types = ["run.completed", "run.completed"];
  expect(accepted(await updateWebhook(ctx, { id, draft: { types } }))).toMatchObject({ types: ["run.completed"], url });
  expect(accepted(await updateWebhook(ctx, { id, draft: { enabled: false } })).types).toEqual(["run.completed"]);
  expect(accepted(await updateWebhook(ctx, { id, draft: { enabled: true, types: null } })).types).toBeNull();
  expect((await historyOf(ctx, subjectOf("webhook", id))).map(({ what, actor }) => `${what} by ${actor}`)).toEqual(
    ["changed types", "enabled", "disabled", "changed types", "created"].map((note) => `${note} by operator Kim`),
  );
});

test("secrets are told once and never read again", async () => {
  const { webhook, secret } = accepted(await createWebhook(ctx, { url }));
  const { id } = webhook;
  const rotated = accepted(await rotateWebhookSecret(ctx, { id }));
  expect(rotated.secret).not.toBe(secret);
  expect(rotated.webhook.oldUntil).toBeGreaterThan(Date.now() + 23 * 3_600_000);
  const seen = JSON.stringify([
    webhook,
    rotated.webhook,
    await listWebhooks(ctx, { limit: 10 }),
    await historyOf(ctx, subjectOf("webhook", id)),
    accepted(await updateWebhook(ctx, { id, draft: {} })),
    accepted(await deleteWebhook(ctx, { id })),
  ]);
  expect(seen).not.toContain("whsec_");
  expect(await db.first(sql`SELECT secret, old_secret FROM webhook WHERE id = ${id}`)).toEqual({
    secret: "",
    old_secret: null,
  });
});

test("a deleted endpoint is not there for anyone", async () => {
  const { id } = accepted(await createWebhook(ctx, { url })).webhook;
  accepted(await deleteWebhook(ctx, { id }));
  expect((await listWebhooks(ctx, { limit: 99 })).map((webhook) => webhook.id)).not.toContain(id);
  for (const answer of [
    await updateWebhook(ctx, { id, draft: {} }),
    await rotateWebhookSecret(ctx, { id }),
    await deleteWebhook(ctx, { id }),
  ]) {
    expect(answer).toMatchObject({ code: "NOT_FOUND" });
  }
});

test("faulty input is refused with the place of its fault", async () => {
  const faults = async (draft: Parameters<typeof createWebhook>[1]) => {
    const answer = await createWebhook(ctx, draft);
    return "issues" in answer ? answer.issues.map(({ path }) => path) : [];
  };
  expect(await faults({ url: "shop" })).toEqual(["url"]);
  expect(await faults({ url: "ftp://shop.example" })).toEqual(["url"]);
  expect(await faults({ url, types: [] })).toEqual(["types"]);
  expect(await faults({ url, types: ["run.begun"] })).toEqual(["types.0"]);
  expect(await faults({ url, description: "x".repeat(501) })).toEqual(["description"]);
});

test("in production an endpoint is https, and neither this machine nor its network", () => {
  const inside =
    "https://localhost https://a.internal https://127.1 https://10.0.0.8 https://172.20.1.1 https://192.168.0.1 " +
    "https://169.254.169.254 https://0x7f000001 https://[::1] https://[fd00::1] https://[fe80::1] " +
    "https://[::ffff:127.0.0.1] https://100.64.0.1 http://shop.example " +
    "https://redis https://metadata. https://router.lan https://2130706433 https://127.0.0.1. https://198.18.0.1 " +
    "https://192.0.0.1 https://0.0.0.0 https://[::] " +
    "https://[::ffff:7f00:1] https://[64:ff9b::7f00:1] https://[2002:7f00:1::] https://[2001:0:7f00:1::] " +
    "https://[2001::1] https://[ff02::1] https://[fec0::1]";
  for (const address of inside.split(" "))
    expect([address, addressFault(address, true)]).not.toEqual([address, undefined]);
  for (const address of [
    "https://shop.example/a?b=c",
    "https://8.8.8.8",
    "https://[2606:4700::1111]",
    "https://[2001:4860:4860::8888]",
    "https://172.32.0.1",
  ])
    expect([address, addressFault(address, true)]).toEqual([address, undefined]);
  expect(addressFault("http://127.0.0.1:3000/x", false)).toBeUndefined();
  expect(addressFault("https://kim:pw@shop.example", false)).toContain("password");
});

test("there are 50 endpoints at most", async () => {
  const own = testContext(await openTestDatabase());
  for (let n = 0; n < 50; n++) accepted(await createWebhook(own, { url }));
  expect(await createWebhook(own, { url })).toMatchObject({ code: "CONFLICT" });
});

test("the database does not hold what webhooks are signed with; what it held before is sealed", async () => {
  const { webhook, secret } = accepted(await createWebhook(ctx, { url }));
  const rotated = accepted(await rotateWebhookSecret(ctx, { id: webhook.id }));
  const kept = () =>
    db.first<{ secret: string; oldSecret: string; oldUntil: number }>(sql`
      SELECT secret, old_secret AS oldSecret, old_until AS oldUntil FROM webhook WHERE id = ${webhook.id}`);
  const signing = async () => secretsAt(ctx, (await kept())!, Date.now());
  expect(JSON.stringify(await kept())).not.toContain("whsec_");
  expect(await signing()).toEqual([rotated.secret, secret]);

  await db.write([sql`UPDATE webhook SET secret = ${rotated.secret}, old_secret = ${secret} WHERE id = ${webhook.id}`]);
  expect(await signing()).toEqual([rotated.secret, secret]);
  await tidy(ctx);
  expect(JSON.stringify(await kept())).not.toContain("whsec_");
  expect(await signing()).toEqual([rotated.secret, secret]);

  const elsewhere = { ...ctx, settings: { ...ctx.settings, linkSecret: "another installation's" } };
  expect(secretsAt(elsewhere, (await kept())!, Date.now())).toEqual([]);
});
