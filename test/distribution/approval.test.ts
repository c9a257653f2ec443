import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { approveDistribution, startDistribution } from "../../src/distribution/control.ts";
import { distributionSettings } from "../../src/distribution/settings.ts";
import { historyOf } from "../../src/transition/audit.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked, issued, issueOpen } from "../support/distributions.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

/** The same shop, where more coupons than these need a second person. */
function approvingAbove(ctx: Context, approvalSize: number): Context {
  const distribution = { ...distributionSettings.of(ctx), approvalSize };
  return { ...ctx, settings: { ...ctx.settings, slices: { ...ctx.settings.slices, distribution } } };
}

test("a second person is asked of every coupon that a file may come to give, and of none that it cannot", async () => {
  const { ctx: all, members } = await openLedger();
  await members(8, { level: "i" });
  const ctx = approvingAbove(all, 5);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM", stock: 2 })).id;
  await issued(ctx, (await checked(ctx, "externalId\nx3\n", { template })).id);
  await ctx.db.write([
    sql`UPDATE coupon_template SET eligibility = ${JSON.stringify({ level: { gte: 2 } })} WHERE id = ${template}`,
    sql`UPDATE member SET phone = '+4915112345601' WHERE external_id IN ('x7', 'x8')`,
  ]);
  // Given, stock, limit, others, unknown, several: any may become a coupon. Twice and unreadable: neither can.
  const rows = ["x4,", "x5,", "x3,", "x1,", "nobody,", ",+4915112345601", "x4,", ",12"];
  const ready = await checked(ctx, `externalId,phone\n${rows.join("\n")}\n`, { template });
  expect(await startDistribution(ctx, { id: ready.id })).toMatchObject({
    code: "NEEDS_APPROVAL",
    limit: 5,
    message: expect.stringContaining("up to 6 coupons"),
  });
  const lea: Context = {
    ...ctx,
    actor: { kind: "operator", id: 2, operator: 2, name: "Lea", shop: "", role: "approver" },
  };
  expect(accepted(await approveDistribution(lea, { id: ready.id })).approval?.coupons).toBe(6);
  expect((await historyOf(ctx, `distribution/${ready.id}`)).map(({ what }) => what)).toContain(
    "approved of up to 6 coupons",
  );
  accepted(await startDistribution(ctx, { id: ready.id }));
  await issueOpen(ctx, ready.id);
  // What the chain gave is not counted again.
  const again = await checked(ctx, `externalId,phone\n${rows.join("\n")}\n`, { template, follows: ready.id });
  expect(accepted(await startDistribution(ctx, { id: again.id })).state).toBe("RUNNING");
});
