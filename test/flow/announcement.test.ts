import { afterAll, beforeAll, expect, test } from "bun:test";
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

const members = counted(300, 3_040);

const few = counted(30, 2_000);

/** A shop whose mails take a while, a batch at a time; and one to which every message comes twice. */
let [slow, doubled]: Shop[] = [];
beforeAll(async () => {
  slow = await openShop({ env: { BATCH_WINDOW: "1" } });
  await slow.members(members);
  slow.ctx.sandbox.setFaults("EMAIL", { delayMs: 60 });
  doubled = await openShop({
    deliver: async (request) => {
      const [first] = await Promise.all([fetch(request.clone()), fetch(request.clone())]);
      return first;
    },
  });
  await doubled.members(few);
});
afterAll(closeShops);

const onBoth = { announcement: { channels: ["IN_APP", "EMAIL"] } } as const;
const byMail = { announcement: { channels: ["EMAIL"] } } as const;

const isUnderWay = (run: number) =>
  until(async () => (await slow!.sent(run)) >= members / 3, undefined, "a third to be sent");

/** A promotion whose announcement by e-mail is under way. */
async function caughtHalfWay(): Promise<{ id: number; run: number; campaign: number }> {
  const id = await addPromotion(slow!.ctx);
  const { announcement } = accepted(await enablePromotion(slow!.ctx, { id, ...byMail }));
  const [run = 0] = await announcementRuns(slow!.ctx.db, id);
  await isUnderWay(run);
  return { id, run, campaign: announcement?.id ?? 0 };
}

const nobody = { told: 0, underWay: 0, untold: 0 };
const sum = ({ told, underWay, untold }: { told: number; underWay: number; untold: number }) =>
  told + underWay + untold;

test("cancelled half-way, disabled and enabled again, it tells nobody; or, asked, those not yet reached", async () => {
  const { id, run, campaign } = await caughtHalfWay();
  const { ctx } = slow!;
  accepted(await cancelCampaign(ctx, { id: campaign }));
  accepted(await disablePromotion(ctx, { id }));
  expect(accepted(await enablePromotion(ctx, { id })).announcement).toBeNull();
  await slow!.becomes(run, "CANCELLED");
  if (isLong) await until(() => slow!.idle());
  const first = toldByMail(slow!.sandboxPath, [run]);
  expect([first.told < members, first.twice]).toEqual([true, 0]);
  expect(await slow!.faults(run)).toEqual([]);

  const again = await announced(ctx, { id, announce: "UNREACHED", ...onBoth });
  await slow!.becomes(again, "COMPLETED");
  const rest = members - first.told;
  expect(await slow!.ledger(again)).toEqual({ "EMAIL SENT": rest, "IN_APP SENT": rest });
  expect(toldByMail(slow!.sandboxPath, [run, again])).toEqual({ told: members, twice: 0 });
  const third = await announced(ctx, { id, announce: "UNREACHED", ...byMail });
  await slow!.becomes(third, "COMPLETED");
  expect(await slow!.ledger(third)).toEqual({});
});

test("disabling stops an announcement under way and says how many it told; or keeps it, by choice", async () => {
  const { id, run } = await caughtHalfWay();
  const { ctx } = slow!;
  expect(accepted(await disablePromotion(ctx, { id, announcements: "KEEP" })).stopped).toEqual([]);
  expect(await slow!.state(run)).toBe("RUNNING");
  const { stopped } = accepted(await disablePromotion(ctx, { id }));
  const committed = Date.now();
  expect(stopped).toMatchObject([{ campaign: { state: "CANCELLED", promotion: id } }]);
  await slow!.becomes(run, "CANCELLED");
  if (isLong) await until(() => slow!.idle());
  const [last] = ctx.sandbox.list({ channel: "EMAIL", first: 1 }).deliveries;
  if (isLong) {
    console.log(`disabled: the last of ${members} mails went out ${(last?.at ?? 0) - committed} ms after that`);
    expect((last?.at ?? 0) - committed).toBeLessThan(2_000);
  }
  const [figures = nobody] = stopped;
  expect(sum(figures)).toBe(members);
  const { told, twice } = toldByMail(slow!.sandboxPath, [run]);
  expect([told >= figures.told, told <= figures.told + figures.underWay, twice]).toEqual([true, true, 0]);
  expect((await slow!.ledger(run))["EMAIL CANCELLED"]).toBeGreaterThan(0);
  expect(await slow!.faults(run)).toEqual([]);
});

test("I10 enabled before its start it tells what it says then; who edits it meanwhile announces nothing", async () => {
  const { ctx, endsSoon, state } = doubled!;
  const id = await addPromotion(ctx, { startsAt: ctx.clock() + 6_000, remark: "Old words." });
  const run = await announced(ctx, { id, ...onBoth });
  accepted(await updatePromotion(ctx, { id, draft: { name: "Lent", remark: "New words." } }));
  expect(await state(run)).toBe("PENDING");
  await endsSoon(run);
  expect(await announcementRuns(ctx.db, id)).toEqual([run]);
  const [told = ""] = await inboxOf(ctx, 1);
  expect(told).toMatch(/^Lent: You get €30 off from €200\..*New words\.$/s);
  const { deliveries } = ctx.sandbox.list({ channel: "EMAIL", run: String(run), first: 1_000 });
  expect(deliveries).toHaveLength(Math.min(few, 1_000));
  for (const { parts } of deliveries) {
    expect(parts.html).toContain("New words.");
    expect(JSON.stringify(parts)).not.toMatch(/Old words|Advent/);
  }
});

test("I10 enabled by eight at once, every message delivered twice, everyone is told once", async () => {
  const { ctx, sandboxPath } = doubled!;
  const id = await addPromotion(ctx);
  const answers = await Promise.all(Array.from({ length: 8 }, () => enablePromotion(ctx, { id, ...onBoth })));
  expect(answers.filter((answer) => accepted(answer).announcement)).toHaveLength(1);
  const runs = await announcementRuns(ctx.db, id);
  const [run = 0] = runs;
  expect(runs).toHaveLength(1);
  await doubled!.becomes(run, "COMPLETED");
  if (isLong) await until(() => doubled!.idle());
  expect(toldByMail(sandboxPath, runs)).toEqual({ told: few, twice: 0 });
  expect(await doubled!.faults(run)).toEqual([]);
});

test("withdrawing a template stops the invites to it half-way, and says how many they told", async () => {
  const { id } = await addTemplate(slow!.ctx);
  const content = { EMAIL: { default: { subject: "Ten off", html: "{{ coupon.claimUrl }}" } } };
  const run = await slow!.launched({ kind: "COUPON_INVITE", couponTemplate: id, channels: ["EMAIL"], content });
  await isUnderWay(run);
  const { stopped } = accepted(await closeOffer(slow!.ctx, { id, to: "withdraw" }));
  await slow!.becomes(run, "CANCELLED");
  if (isLong) await until(() => slow!.idle());
  const [figures = nobody] = stopped;
  const { told, twice } = toldByMail(slow!.sandboxPath, [run]);
  expect([sum(figures), told >= figures.told, told <= figures.told + figures.underWay, twice]).toEqual([
    members,
    true,
    true,
    0,
  ]);
  expect((await slow!.ledger(run))["EMAIL CANCELLED"]).toBeGreaterThan(0);
  expect(await slow!.faults(run)).toEqual([]);
});
