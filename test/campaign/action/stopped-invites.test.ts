import { afterAll, expect, test } from "bun:test";
import { closeOffer } from "../../../src/campaign/control/close-template.ts";
import { launchCampaign } from "../../../src/campaign/control/launch.ts";
import { writePage } from "../../../src/campaign/run/page.ts";
import { planStep } from "../../../src/campaign/run/plan.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { addPromotion, announced, withLimits } from "../../support/announcements.ts";
import { addTemplate } from "../../support/coupons.ts";
import { interferedEverywhere } from "../../support/interfering.ts";
import { ledgerOf, runOf } from "../../support/ledger.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { accepted, addCampaign, runOfCampaign } from "../../support/shop.ts";

afterAll(closeLedgers);

const content = { IN_APP: { default: { title: "Ten off", body: "{{ coupon.claimUrl }}" } } };

async function opened() {
  const ledger = await openLedger();
  await ledger.members(3);
  const ctx = withLimits(ledger.ctx);
  /** A launched campaign about a template, and its run. */
  const launched = async (couponTemplate: number, kind: "COUPON_INVITE" | "COUPON_ISSUE" = "COUPON_INVITE") => {
    const how = kind === "COUPON_ISSUE" ? { channels: [], content: {} } : { channels: ["IN_APP" as const], content };
    const campaign = await addCampaign(ctx, { kind, couponTemplate, ...how });
    accepted(await launchCampaign(ctx, { id: campaign }));
    return runOfCampaign(ctx.db, campaign);
  };
  const stateOf = async (run: number) => (await runOf(ctx.db, run)).state;
  return { ctx, launched, stateOf };
}

test("a template that is closed stops the invites to it and its occurrences, and says whom they told", async () => {
  const { ctx, launched, stateOf } = await opened();
  for (const to of ["end", "withdraw"] as const) {
    const { id } = await addTemplate(ctx);
    const { id: occurrence } = await addTemplate(ctx, { recurringTemplate: id });
    const { id: other } = await addTemplate(ctx);
    const [running, waiting, elsewhere] = [await launched(id), await launched(occurrence), await launched(other)];
    await startRun(ctx, { run: running });
    const answer = accepted(await closeOffer(ctx, { id, to, idempotencyKey: `${to} ${id}` }));
    expect(answer.stopped).toMatchObject([
      { campaign: { state: "CANCELLED" }, told: 0, underWay: 0, untold: 3 },
      { campaign: { state: "CANCELLED" }, told: 0, underWay: 0, untold: 3 },
    ]);
    const states = await Promise.all([running, waiting, elsewhere].map(stateOf));
    expect(states).toEqual(["CANCELLING", "CANCELLED", "PENDING"]);
    expect(await closeOffer(ctx, { id, to, idempotencyKey: `${to} ${id}` })).toEqual(answer);
    const [first] = await historyOf(ctx, subjectOf("coupon-template", id));
    expect(first).toMatchObject({
      what: expect.stringMatching(/^campaign \d+ stopped: 0 told, 0 under way, 3 not$/),
      reason: `its coupon template was ${to === "end" ? "ended" : "withdrawn"}`,
    });
  }
});

test("kept, they go on, past everyone who cannot claim; what gives coupons itself is not stopped", async () => {
  const { ctx, launched, stateOf } = await opened();
  const [{ id: kept }, { id: given }] = [await addTemplate(ctx), await addTemplate(ctx)];
  const [invite, issue] = [await launched(kept), await launched(given, "COUPON_ISSUE")];
  await startRun(ctx, { run: invite });
  expect(accepted(await closeOffer(ctx, { id: kept, to: "end", invites: "KEEP" })).stopped).toEqual([]);
  expect(accepted(await closeOffer(ctx, { id: given, to: "end" })).stopped).toEqual([]);
  expect(await Promise.all([invite, issue].map(stateOf))).toEqual(["RUNNING", "PENDING"]);
  await planStep(ctx, { run: invite, from: 0 });
  await writePage(ctx, { run: invite, page: 0 });
  expect(await ledgerOf(ctx.db, invite)).toEqual({ "IN_APP SKIPPED ENDED": 3 });
});

test("withdrawn at whatever moment of its start, an invite tells nobody", async () => {
  const { ctx, launched, stateOf } = await opened();
  await interferedEverywhere(async (between) => {
    const { id } = await addTemplate(ctx);
    const run = await launched(id);
    await startRun(
      between.with(ctx, async () => accepted(await closeOffer(ctx, { id, to: "withdraw" }))),
      { run },
    );
    expect(await stateOf(run)).toBe(between.came() ? "CANCELLED" : "RUNNING");
  });
});

test("closed, a template stops the announcements of promotions that give it; their history says so", async () => {
  const { ctx, stateOf } = await opened();
  const { id } = await addTemplate(ctx, { issueMode: "SYSTEM" });
  const rule = { kind: "COUPON", tiers: [{ spend: 100, couponTemplate: id }] };
  const giving = await addPromotion(ctx, { rule, startsAt: ctx.clock() + 60_000 });
  const [run, other] = [await announced(ctx, { id: giving }), await announced(ctx, { id: await addPromotion(ctx) })];
  expect(accepted(await closeOffer(ctx, { id, to: "withdraw" })).stopped).toMatchObject([{ told: 0, untold: 3 }]);
  expect(await Promise.all([run, other].map(stateOf))).toEqual(["CANCELLED", "PENDING"]);
  expect(await historyOf(ctx, subjectOf("promotion", giving))).toMatchObject([
    { what: expect.stringContaining("0 told"), reason: "its coupon template was withdrawn" },
    { what: "enabled" },
    { what: "created" },
  ]);
});
