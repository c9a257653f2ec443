import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { couponFaults } from "./support/issue.ts";
import { bookFaults, deliveriesOf } from "./support/ledger.ts";
import { idOf } from "./support/operators.ts";
import { startReceiver } from "./support/receiver.ts";
import { closeShops, type Shop } from "./support/shop.ts";
import { shopFaults } from "./support/shop-sums.ts";
import { expected, type Fixture, named, openFixture, openUpgraded, runNamed } from "./support/upgrade.ts";
import { readers } from "./support/upgrade-readers.ts";
import { claims, locks, redeems, refunds, simulates, tells } from "./support/upgrade-verbs.ts";
import { until } from "./support/wait.ts";

// The fixture is the database of a shop that was made by the demo and the coupon tests of commit 88e4916, and by that
// commit's verbs: a promotion announced and a flash sale, a bazaar in which everything that can be done with coupons
// was done by chance, segments that ask every term with every operator, campaigns, runs, templates, orders, promotions
// and endpoints in every state that they can rest in. The shop was stopped while one run was under way and before the
// launch of another was published. The JSON beside it is what the readers of `support/upgrade-readers.ts` answered
// then. Neither is ever made anew: every later commit migrates that database and reads the same.

const minute = 60_000;
let old: Fixture;
beforeAll(async () => {
  old = await openFixture(expected.asOf);
});
afterAll(async () => {
  await old.close();
  await closeShops();
});

describe("a database made by commit 88e4916", () => {
  test.each(Object.keys(readers))("reads its %s as they were read then", async (kind) => {
    expect(await readers[kind]?.(old)).toEqual(expected.read[kind]);
  });

  test("has no kind of thing that is read no more", () => {
    expect(Object.keys(readers)).toEqual(expect.arrayContaining(Object.keys(expected.read)));
  });

  test("I1 conserves its coupons: counters, tallies, budgets, orders, codes, ledgers are as the rows say", async () => {
    expect(await couponFaults(old.db)).toEqual([]);
  });

  test("has figures by shop that are what the rows say", async () => {
    expect(await shopFaults(old)).toEqual([]);
  });

  test("I8 has ledgers that add up, of every run", async () => {
    const runs = await old.db.all<{ id: number }>({ sql: "SELECT id FROM run", args: [] });
    expect(runs.length).toBeGreaterThan(20);
    for (const { id } of runs) expect([id, await bookFaults(old.db, id)]).toEqual([id, []]);
  });

  test("refers to nothing that is not there", async () => {
    expect(await old.db.all({ sql: "SELECT * FROM pragma_foreign_key_check", args: [] })).toEqual([]);
  });
});

describe("a shop that starts on it", () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openUpgraded();
  });

  test("simulates and launches a draft, completes it, and tells the endpoint that was there", async () => {
    const endpoint = startReceiver();
    await tells(shop, "the shop's own server", endpoint.url);
    const campaign = await named(shop.ctx, "campaign", "Draft to everyone");
    const simulated = await simulates(shop, campaign);
    const run = await shop.launch(campaign);
    await shop.becomes(run, "COMPLETED");
    const ledger = await shop.ledger(run);
    expect(ledger["IN_APP SENT"]).toBe(simulated.IN_APP);
    expect(ledger["EMAIL SENT"]).toBe((simulated.EMAIL ?? 0) - (ledger["EMAIL SKIPPED DUPLICATE_ADDRESS"] ?? 0));
    expect(await shop.faults(run)).toEqual([]);
    await until(() =>
      endpoint.received.some(({ body }) => body.type === "run.completed" && body.data.runId === idOf("Run", run)),
    );
    await endpoint.stop();
  });

  test("resumes the paused run and sends to those who were left, and to nobody twice", async () => {
    const run = await runNamed(shop.ctx, "Paused");
    const before = await shop.ledger(run);
    await shop.resume(run);
    await shop.becomes(run, "COMPLETED");
    const { "EMAIL PENDING": left = 0, "EMAIL SENT": sent = 0, ...rest } = before;
    expect(left).toBeGreaterThan(50);
    // One of them was erased since.
    expect(await shop.ledger(run)).toEqual({ ...rest, "EMAIL SENT": sent + left - 1, "EMAIL SKIPPED ERASED": 1 });
    expect(await bookFaults(shop.ctx.db, run)).toEqual([]);
    const delivered = [...deliveriesOf(shop.sandboxPath, run, "EMAIL").values()];
    expect([delivered.length, Math.max(...delivered)]).toEqual([left - 1, 1]);
  });

  test("refunds an order, redeems a locked one, gives and uses a coupon, repeats a claim's answer", async () => {
    expect(await refunds(shop, "B-2")).toEqual({ state: "REFUNDED", givenBack: 1 });
    expect(await redeems(shop, "B-1")).toBe("REDEEMED");
    const known = await claims(shop, { member: "guest-30", template: "Every 20: 5 off", key: "claim 1" });
    expect(known.at).toBeLessThan(expected.asOf);
    const coupon = await claims(shop, { member: "guest-45", template: "Drop that was told of", key: "anew" });
    expect(coupon.at).toBeGreaterThanOrEqual(expected.asOf);
    expect(await locks(shop, { member: "guest-45", order: "C-1", coupon: coupon.id })).toBe("LOCKED");
    expect(await redeems(shop, "C-1")).toBe("REDEEMED");
    expect(await couponFaults(shop.ctx.db)).toEqual([]);
  });

  test("I9 goes on with what was launched or under way when the old one stopped, or waited for morning", async () => {
    const launched = await runNamed(shop.ctx, "Launched in the last moment");
    await shop.becomes(launched, "COMPLETED");
    expect(await shop.faults(launched)).toEqual([]);
    shop.pass(4 * 60 * minute);
    await shop.sweep();
    for (const name of ["Under way when the shop stopped", "Put off until the morning"]) {
      const run = await runNamed(shop.ctx, name);
      await shop.becomes(run, "COMPLETED");
      expect([name, await bookFaults(shop.ctx.db, run)]).toEqual([name, []]);
    }
  });
});
