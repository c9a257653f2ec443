import { afterAll, expect, test } from "bun:test";
import { disablePromotion } from "../../src/campaign/announcement/disable.ts";
import { updatePromotion } from "../../src/campaign/announcement/edit.ts";
import { enablePromotion } from "../../src/campaign/announcement/enable.ts";
import { cancelCampaign } from "../../src/campaign/control/cancel.ts";
import { closeOffer } from "../../src/campaign/control/close-template.ts";
import { addPromotion, announced, announcementRuns, inboxOf, toldByMail } from "../support/announcements.ts";
import { addTemplate } from "../support/coupons.ts";
import { counted, isLong } from "../support/length.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const members = counted(400, 3_040);
const byMail = { announcement: { channels: ["EMAIL"] } } as const;

/** A promotion whose announcement by e-mail takes a while, caught when half of it is out. */
async function caughtHalfWay(): Promise<{ shop: Shop; id: number; run: number; campaign: number }> {
  const shop = await openShop({ env: { BATCH_WINDOW: "1" } });
  await shop.members(members);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 100 });
  const id = await addPromotion(shop.ctx);
  const { announcement } = accepted(await enablePromotion(shop.ctx, { id, ...byMail }));
  const [run = 0] = await announcementRuns(shop.ctx.db, id);
  await until(async () => (await shop.sent(run)) >= members / 2, 20_000, "half to be sent");
  return { shop, id, run, campaign: announcement?.id ?? 0 };
}

const nobody = { told: 0, underWay: 0, untold: 0 };
const sum = ({ told, underWay, untold }: { told: number; underWay: number; untold: number }) =>
  told + underWay + untold;

test("cancelled half-way, disabled and enabled again, it tells nobody; or, asked, those not yet reached", async () => {
  const { shop, id, run, campaign } = await caughtHalfWay();
  const { ctx } = shop;
  accepted(await cancelCampaign(ctx, { id: campaign }));
  accepted(await disablePromotion(ctx, { id }));
  expect(accepted(await enablePromotion(ctx, { id })).announcement).toBeNull();
  await shop.becomes(run, "CANCELLED");
  await until(() => shop.idle());
  const first = toldByMail(shop.sandboxPath, [run]);
  expect([first.told < members, first.twice]).toEqual([true, 0]);
  expect(await shop.faults(run)).toEqual([]);

  shop.ctx.sandbox.setFaults("EMAIL", {});
  const again = await announced(ctx, { id, announce: "UNREACHED", announcement: { channels: ["IN_APP", "EMAIL"] } });
  await shop.becomes(again, "COMPLETED");
  const rest = members - first.told;
  expect(await shop.ledger(again)).toEqual({ "EMAIL SENT": rest, "IN_APP SENT": rest });
  expect(toldByMail(shop.sandboxPath, [run, again])).toEqual({ told: members, twice: 0 });
  const third = await announced(ctx, { id, announce: "UNREACHED", ...byMail });
  await shop.becomes(third, "COMPLETED");
  expect(await shop.ledger(third)).toEqual({});
});

test("disabling stops an announcement under way and says how many it told; or keeps it, by choice", async () => {
  const { shop, id, run } = await caughtHalfWay();
  const { ctx } = shop;
  expect(accepted(await disablePromotion(ctx, { id, announcements: "KEEP" })).stopped).toEqual([]);
  expect(await shop.state(run)).toBe("RUNNING");
  const { stopped } = accepted(await disablePromotion(ctx, { id }));
  const committed = Date.now();
  expect(stopped).toMatchObject([{ campaign: { state: "CANCELLED", promotion: id } }]);
  await shop.becomes(run, "CANCELLED");
  await until(() => shop.idle());
  const [last] = ctx.sandbox.list({ channel: "EMAIL", first: 1 }).deliveries;
  if (isLong) {
    console.log(`disabled: the last of ${members} mails went out ${(last?.at ?? 0) - committed} ms after that`);
    expect((last?.at ?? 0) - committed).toBeLessThan(2_000);
  }
  const [figures = nobody] = stopped;
  expect(sum(figures)).toBe(members);
  const { told, twice } = toldByMail(shop.sandboxPath, [run]);
  expect([told >= figures.told, told <= figures.told + figures.underWay, twice]).toEqual([true, true, 0]);
  expect((await shop.ledger(run))["EMAIL CANCELLED"]).toBeGreaterThan(0);
  expect(await shop.faults(run)).toEqual([]);
});

test("enabled before its start it tells what it says then, and who edits it meanwhile announces nothing", async () => {
  const shop = await openShop();
  await shop.members(3);
  const { ctx } = shop;
  const id = await addPromotion(ctx, { startsAt: ctx.clock() + 6_000, remark: "Old words." });
  const run = await announced(ctx, { id, announcement: { channels: ["IN_APP", "EMAIL"] } });
  accepted(await updatePromotion(ctx, { id, draft: { name: "Lent", remark: "New words." } }));
  expect(await shop.state(run)).toBe("PENDING");
  await shop.endsSoon(run);
  expect(await announcementRuns(ctx.db, id)).toEqual([run]);
  const [told = ""] = await inboxOf(ctx, 1);
  expect(told).toMatch(/^Lent: You get €30 off from €200\..*New words\.$/s);
  const { deliveries } = ctx.sandbox.list({ channel: "EMAIL" });
  expect(deliveries).toHaveLength(3);
  for (const { parts } of deliveries) {
    expect(parts.html).toContain("New words.");
    expect(JSON.stringify(parts)).not.toMatch(/Old words|Advent/);
  }
});

test("I10 enabled by eight at once, every message delivered twice, everyone is told once", async () => {
  const shop = await openShop({
    deliver: async (request) => {
      const [first] = await Promise.all([fetch(request.clone()), fetch(request.clone())]);
      return first;
    },
  });
  await shop.members(counted(50, 2_000));
  const id = await addPromotion(shop.ctx);
  const ask = { id, announcement: { channels: ["IN_APP", "EMAIL"] as const } };
  const answers = await Promise.all(Array.from({ length: 8 }, () => enablePromotion(shop.ctx, ask)));
  expect(answers.filter((answer) => accepted(answer).announcement)).toHaveLength(1);
  const runs = await announcementRuns(shop.ctx.db, id);
  expect(runs).toHaveLength(1);
  await shop.becomes(runs[0] ?? 0, "COMPLETED");
  await until(() => shop.idle());
  expect(toldByMail(shop.sandboxPath, runs)).toEqual({ told: counted(50, 2_000), twice: 0 });
  expect(await shop.faults(runs[0] ?? 0)).toEqual([]);
});

test("withdrawing a template stops the invites to it half-way, and says how many they told", async () => {
  const shop = await openShop({ env: { BATCH_WINDOW: "1" } });
  await shop.members(members);
  shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 100 });
  const { id } = await addTemplate(shop.ctx);
  const content = { EMAIL: { default: { subject: "Ten off", html: "{{ coupon.claimUrl }}" } } };
  const run = await shop.launched({ kind: "COUPON_INVITE", couponTemplate: id, channels: ["EMAIL"], content });
  await until(async () => (await shop.sent(run)) >= members / 2, 20_000, "half to be sent");
  const { stopped } = accepted(await closeOffer(shop.ctx, { id, to: "withdraw" }));
  await shop.becomes(run, "CANCELLED");
  await until(() => shop.idle());
  const [figures = nobody] = stopped;
  const { told, twice } = toldByMail(shop.sandboxPath, [run]);
  expect([sum(figures), told >= figures.told, told <= figures.told + figures.underWay, twice]).toEqual([
    members,
    true,
    true,
    0,
  ]);
  expect((await shop.ledger(run))["EMAIL CANCELLED"]).toBeGreaterThan(0);
  expect(await shop.faults(run)).toEqual([]);
});
