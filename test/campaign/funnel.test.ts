import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import type { Content } from "../../src/campaign/content/content.ts";
import { recordProgress } from "../../src/campaign/feedback/feedback.ts";
import { markAllRead, markRead } from "../../src/campaign/inbox/inbox.ts";
import type { progressRanks } from "../../src/campaign/ledger/progress-rank.ts";
import { funnelsOfCampaigns, funnelsOfRuns } from "../../src/campaign/progress/funnel.ts";
import { lockCoupons } from "../../src/checkout/order/lock.ts";
import { redeemCoupons } from "../../src/checkout/order/redeem.ts";
import { refundOrder } from "../../src/checkout/order/refund.ts";
import { withdrawCoupon } from "../../src/checkout/order/withdraw.ts";
import type { MemberContext } from "../../src/context.ts";
import { claimByLink } from "../../src/coupon/link/claim-by-link.ts";
import { claimUrl, readClaimLink } from "../../src/coupon/link/claim-link.ts";
import { isRefusal } from "../../src/errors.ts";
import { addTemplate } from "../support/coupons.ts";
import { funnelOfRows } from "../support/funnel.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";

const members = 6;
let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
  await shop.members(members, { email: "CASE WHEN i = 6 THEN NULL ELSE 'u' || i || '@shop.test' END" });
});
afterAll(closeShops);

const link = { default: { subject: "For you", html: '<a href="{{ coupon.claimUrl }}">Get it</a>' } };
const content: Content = {
  EMAIL: link,
  SMS: { default: { text: "{{ coupon.claimUrl }}" } },
  IN_APP: { default: { title: "For you", body: "Get it", url: "{{ coupon.claimUrl }}" } },
};

const as = (seq: number): MemberContext => ({ ...shop.ctx, actor: { kind: "member", seq, id: `m_${seq}` } });
const funnelOf = async (run: number) => (await funnelsOfRuns(shop.ctx, [run]))[0];
const texted = (run: number, member: number) =>
  shop.ctx.sandbox.list({ ref: `${run}:${member}`, channel: "SMS" }).deliveries[0]?.parts.text ?? "";
const tokenOf = (run: number, member: number) => texted(run, member).split("/c/")[1] ?? "";

async function invited(template: number): Promise<number> {
  const run = await shop.launched({
    kind: "COUPON_INVITE",
    couponTemplate: template,
    channels: ["EMAIL", "SMS", "IN_APP"],
    content,
  });
  await shop.becomes(run, "COMPLETED");
  return run;
}

let orders = 0;
async function uses(member: number, coupon: number): Promise<string> {
  const orderId = `funnel-${++orders}`;
  const lines = [{ id: "cup", goods: "cup", categories: [], unitPrice: 5_000, quantity: 1 }];
  const cart = { currency: "EUR", lines };
  accepted(await lockCoupons(shop.ctx, { orderId, member: { externalId: `x${member}` }, couponIds: [coupon], cart }));
  accepted(await redeemCoupons(shop.ctx, { orderId }));
  return orderId;
}

test("a member counts once a run at each step, by whichever channel, however often, in whatever order", async () => {
  const { id: template } = await addTemplate(shop.ctx, { perMember: 2 });
  const [first, second] = [await invited(template), await invited(template)];
  // Who has no address of one channel was reached by the others; nobody is counted for each of three.
  expect(await funnelOf(first)).toEqual({ matched: 6, sent: 6, opened: 0, clicked: 0, claimed: 0, redeemed: 0 });

  const told = (member: number, channel: "EMAIL" | "SMS", progress: keyof typeof progressRanks) =>
    recordProgress(shop.ctx, { send: { run: first, channel, member }, progress });
  for (const progress of ["opened", "opened", "delivered", "clicked", "opened"] as const)
    await told(1, "EMAIL", progress);
  await told(1, "SMS", "clicked");
  await told(2, "EMAIL", "complained");
  await told(2, "EMAIL", "opened"); // told late: it was opened all the same
  await told(6, "EMAIL", "opened"); // nobody had sent her that
  await markRead(as(1), { run: first });
  await markRead(as(3), { run: first });
  await markAllRead(as(3));
  expect(await funnelOf(first)).toMatchObject({ opened: 3, clicked: 1, claimed: 0 });

  const claims = await Promise.all(
    [1, 2, 3].flatMap((n) => [n, n]).map((n) => claimByLink(as(n), { token: tokenOf(first, n) })),
  );
  const page = await fetch(texted(first, 4), { method: "POST" });
  expect(page.status).toBe(200);
  expect(await funnelOf(first)).toMatchObject({ opened: 4, clicked: 4, claimed: 4, redeemed: 0 });
  // The other run's link is another claim, of that run alone.
  accepted(await claimByLink(as(1), { token: tokenOf(second, 1) }));
  expect(await funnelOf(second)).toMatchObject({ sent: 6, opened: 2, clicked: 1, claimed: 1 });

  const coupon = accepted(claims[0]!).id;
  const orderId = await uses(1, coupon);
  expect(await funnelOf(first)).toMatchObject({ claimed: 4, redeemed: 1 });
  accepted(await refundOrder(shop.ctx, { orderId, refundId: "r1", policy: "GIVE_BACK" }));
  accepted(await refundOrder(shop.ctx, { orderId, refundId: "r1", policy: "GIVE_BACK" }));
  expect(await funnelOf(first)).toMatchObject({ claimed: 4, redeemed: 0 });
  const again = await uses(1, coupon);
  accepted(await refundOrder(shop.ctx, { orderId: again, refundId: "r1", policy: "KEEP" }));
  accepted(await withdrawCoupon(shop.ctx, { coupon: accepted(claims[2]!).id, reason: "by mistake" }));
  expect(await funnelOf(first)).toEqual({ matched: 6, sent: 6, opened: 4, clicked: 4, claimed: 4, redeemed: 1 });
  const campaigns = await shop.ctx.db.all<{ campaign: number }>(
    sql`SELECT campaign FROM run WHERE id IN (${first}, ${second}) ORDER BY id`,
  );
  const sums = await funnelsOfCampaigns(
    shop.ctx,
    campaigns.map(({ campaign }) => campaign),
  );
  expect(sums).toEqual([await funnelOf(first), await funnelOf(second)]);
  for (const run of [first, second]) expect(await funnelOf(run)).toEqual(await funnelOfRows(shop.ctx.db, run));
});

test("what a run gives counts as claimed, and used where it is used", async () => {
  const { id: couponTemplate } = await addTemplate(shop.ctx, { issueMode: "SYSTEM" });
  const run = await shop.launched({ kind: "COUPON_ISSUE", couponTemplate, channels: ["IN_APP"] });
  await shop.becomes(run, "COMPLETED");
  const held = await shop.ctx.db.first<{ id: number }>(
    sql`SELECT id FROM coupon WHERE member = 2 AND template = ${couponTemplate}`,
  );
  await uses(2, held?.id ?? 0);
  expect(await funnelOf(run)).toEqual({ matched: 6, sent: 6, opened: 0, clicked: 0, claimed: 6, redeemed: 1 });
  expect(await funnelOf(run)).toEqual(await funnelOfRows(shop.ctx.db, run));
});

test("a link names its run, and what it says cannot be changed", () => {
  const until = 60_000 * 40_000_000;
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.option(fc.nat(), { nil: undefined }), (template, member, run) => {
      const said = { template, member, until, ...(run === undefined ? {} : { run }) };
      const token = claimUrl(shop.ctx, said).split("/c/")[1] ?? "";
      expect(readClaimLink(shop.ctx, token)).toEqual(said);
      expect(readClaimLink(shop.ctx, token.replace(/-(?=[0-9a-f]{32}$)/, "-1-"))).toBeUndefined();
    }),
  );
});

test("sums are what the rows say, whatever happens in whatever order", async () => {
  const { id: template } = await addTemplate(shop.ctx, { perMember: 2 });
  const runs = [await invited(template), await invited(template)];
  const who = fc.integer({ min: 1, max: members });
  const deed = fc.tuple(
    fc.constantFrom("tell", "read", "claim", "use", "refund"),
    fc.constantFrom(...runs),
    who,
    fc.nat(),
  );
  const left: string[] = [];
  const steps = fc.sample(deed, { numRuns: 60, seed: Number(Bun.env.SEED ?? 14) });
  for (const [what, run, member, n] of steps) {
    if (what === "read") await markRead(as(member), { run });
    if (what === "claim") await claimByLink(as(member), { token: tokenOf(run, member) });
    if (what === "tell") {
      const channel = n % 2 === 0 ? ("EMAIL" as const) : ("SMS" as const);
      const [progress = "opened"] = (["opened", "clicked", "bounced", "delivered"] as const).slice(n % 4);
      await recordProgress(shop.ctx, { send: { run, channel, member }, progress });
    }
    if (what === "use") {
      const free = await shop.ctx.db.first<{ id: number }>(sql`
        SELECT id FROM coupon WHERE member = ${member} AND template = ${template} AND state = 'AVAILABLE'`);
      if (free) left.push(await uses(member, free.id));
    }
    if (what === "refund" && left.length > 0) {
      const orderId = left.splice(n % left.length, 1)[0] ?? "";
      const back = await refundOrder(shop.ctx, { orderId, refundId: "r", policy: n % 2 === 0 ? "GIVE_BACK" : "KEEP" });
      expect(isRefusal(back)).toBe(false);
    }
  }
  for (const run of runs) expect(await funnelOf(run)).toEqual(await funnelOfRows(shop.ctx.db, run));
});
