import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { campaignSettings } from "../../../src/campaign/settings.ts";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
let vic: Operator;
beforeAll(async () => {
  shop = await openShop();
  await shop.members(250, {
    level: "i % 5",
    consent: "i % 4 <> 0",
    control: "i % 50 = 7",
    email: "CASE WHEN i % 9 = 0 THEN NULL ELSE 'u' || i || '@shop.test' END",
  });
  await shop.ctx.db.write([sql`INSERT INTO suppression VALUES ('EMAIL', 'u2@shop.test', 'hard-bounce', 0)`]);
  vic = await hire(shop, "Vic", "viewer");
});
afterAll(closeShops);

const progressFields = `state matched pages pagesWritten planned done total perSecond etaSeconds
  startedAt completedAt waitsFor
  channels { channel pending sending sent failed skipped cancelled unknown reasons { state reason sends words } }`;
const progressOf = async (run: number) =>
  (await vic.get(`query ($id: ID!) { run(id: $id) { progress { ${progressFields} } } }`, { id: idOf("Run", run) })).run
    .progress;
const why = async (run: number, member: number) =>
  (
    await vic.get(
      `query ($run: ID!, $member: ID!) {
        whyMember(runId: $run, memberId: $member) { summary channels { channel state reason words } } }`,
      { run: idOf("Run", run), member: idOf("Member", member) },
    )
  ).whyMember;
const finished = async (run: number) => {
  await shop.becomes(run, "COMPLETED");
  return run;
};
const campaignOf = async (run: number) =>
  (await shop.ctx.db.first<{ campaign: number }>(sql`SELECT campaign FROM run WHERE id = ${run}`))?.campaign ?? 0;

test("a simulation foresees exactly what the run then does", async () => {
  const audience = { filter: { level: { gte: 1 } } };
  const campaign = await shop.campaign({ channels: ["EMAIL", "IN_APP", "SMS"], audience });
  const query = `query ($id: ID!) { simulateLaunch(campaignId: $id) { matched messages seconds
    channels { channel reachable skipped { reason members words } } } }`;
  const { simulateLaunch: foreseen } = await vic.get(query, { id: idOf("Campaign", campaign) });
  const progress = await progressOf(await finished(await shop.launch(campaign)));
  expect(foreseen).toMatchObject({ matched: progress.matched, seconds: expect.any(Number) });
  for (const [i, { channel, reachable, skipped }] of foreseen.channels.entries()) {
    const real = progress.channels[i];
    const reasons = real.reasons.map(({ reason, sends }: { reason: string; sends: number }) => [reason, sends]);
    expect([channel, reachable]).toEqual([real.channel, real.sent]);
    expect(new Map(skipped.map((s: { reason: string; members: number }) => [s.reason, s.members]))).toEqual(
      new Map(reasons),
    );
  }
  expect(foreseen.channels[0].skipped.map(({ reason }: { reason: string }) => reason).sort()).toEqual([
    "CONTROL_GROUP",
    "NO_ADDRESS",
    "NO_CONSENT",
    "SUPPRESSED",
  ]);
  const gone = await vic.ask(query, { id: idOf("Campaign", 999) });
  expect(gone).toMatchObject({ status: 400, code: "NOT_FOUND" });
});

describe("progress", () => {
  test("adds up at the end, with reasons in words", async () => {
    const progress = await progressOf(await finished(await shop.launched({ channels: ["IN_APP", "EMAIL"] })));
    expect(progress).toMatchObject({
      state: "COMPLETED",
      matched: 250,
      pages: 3,
      pagesWritten: 3,
      planned: true,
      done: 500,
      total: 500,
      etaSeconds: null,
      waitsFor: null,
    });
    const control = { state: "SKIPPED", reason: "CONTROL_GROUP", sends: 5, words: expect.stringContaining("control") };
    expect(progress.channels[0]).toMatchObject({ channel: "IN_APP", sent: 245, skipped: 5, reasons: [control] });
    expect(progress.perSecond).toBeGreaterThan(0);
  });

  test("before it begins and while it is paused it says what it waits for", async () => {
    const startsAt = shop.ctx.clock() + 3_600_000;
    const run = await shop.launched({ channels: ["IN_APP"], startsAt });
    const before = await progressOf(run);
    expect(before).toMatchObject({ state: "PENDING", done: 0, total: 0, etaSeconds: null, startedAt: null });
    expect(before.waitsFor).toContain(new Date(startsAt).toISOString());
    await shop.cancel(run);
    expect(await progressOf(run)).toMatchObject({ state: "CANCELLED", waitsFor: null });
  });

  test("pauses do not count against the rate", async () => {
    const run = await finished(await shop.launched({ channels: ["IN_APP"] }));
    const began = (await shop.ctx.db.first<{ at: number }>(sql`SELECT started_at AS at FROM run WHERE id = ${run}`))!
      .at;
    const campaign = await campaignOf(run);
    const hour = 3_600_000;
    await shop.ctx.db.write([
      sql`UPDATE run SET completed_at = ${began + 10 * hour} WHERE id = ${run}`,
      sql`
        INSERT INTO audit (subject, what, from_state, to_state, actor, at) VALUES
          (${`campaign/${campaign}`}, 'PAUSED', 'ACTIVE', 'PAUSED', 'x', ${began + 2000}),
          (${`campaign/${campaign}`}, 'ACTIVE', 'PAUSED', 'ACTIVE', 'x', ${began + 10 * hour - 3000})`,
    ]);
    expect((await progressOf(run)).perSecond).toBeCloseTo(250 / 5);
  });

  test("is watched over server-sent events to the end of the run", async () => {
    const campaign = await shop.campaign({ channels: ["IN_APP", "EMAIL"] });
    const run = await shop.launch(campaign);
    const seen = await vic.watches(`subscription ($id: ID!) { runProgress(runId: $id) { ${progressFields} } }`, {
      id: idOf("Run", run),
    });
    const done = seen.map(({ runProgress }) => runProgress.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ runProgress: { state: "COMPLETED", done: 500, total: 500 } });
    const again = await vic.watches("subscription ($id: ID!) { runProgress(runId: $id) { state } }", {
      id: idOf("Run", run),
    });
    expect(again).toEqual([{ runProgress: { state: "COMPLETED" } }]);
  });

  test("of a run that is not there cannot be watched", async () => {
    const seen = await vic.watches("subscription ($id: ID!) { runProgress(runId: $id) { state } }", {
      id: idOf("Run", 999),
    });
    expect(seen).toMatchObject([[{ extensions: { code: "NOT_FOUND" } }]]);
  });
});

describe("whyMember", () => {
  test("tells of every channel what the ledger says", async () => {
    const run = await finished(await shop.launched({ channels: ["IN_APP", "EMAIL"] }));
    expect(await why(run, 1)).toEqual({
      summary: "The member got it on IN_APP, EMAIL.",
      channels: [
        { channel: "IN_APP", state: "SENT", reason: "", words: "It was put where the shop's app shows it." },
        { channel: "EMAIL", state: "SENT", reason: "", words: "The provider took it." },
      ],
    });
    expect(await why(run, 2)).toMatchObject({ channels: [{}, { state: "SKIPPED", reason: "SUPPRESSED" }] });
    expect(await why(run, 4)).toMatchObject({ channels: [{}, { state: "SKIPPED", reason: "NO_CONSENT" }] });
    expect(await why(run, 7)).toMatchObject({
      summary: "The member did not get it.",
      channels: [{ reason: "CONTROL_GROUP", words: expect.stringContaining("control group") }, {}],
    });
    expect(await why(run, 9)).toMatchObject({ channels: [{}, { reason: "NO_ADDRESS" }] });
  });

  test("tells who did not match, who matches only now, who came later and who was erased", async () => {
    const run = await finished(
      await shop.launched({ channels: ["IN_APP"], audience: { filter: { level: { eq: 3 } } } }),
    );
    expect((await why(run, 5)).summary).toContain("does not match the run's audience");
    await shop.ctx.db.write([sql`UPDATE member SET level = 3 WHERE seq = 5`]);
    expect((await why(run, 5)).summary).toContain("matches the run's audience now, but did not");
    await shop.ctx.db.write([sql`UPDATE member SET level = 0 WHERE seq = 5`]);
    await shop.members(1, { level: "3" });
    expect((await why(run, 251)).summary).toContain("joined after the run began");
    await shop.ctx.db.write([sql`UPDATE member SET deleted_at = 5 WHERE seq = 6`]);
    expect((await why(run, 6)).summary).toContain("was erased");
    await shop.ctx.db.write([sql`UPDATE member SET deleted_at = NULL WHERE seq = 6`]);
  });

  test("tells of a run that has not begun, was paused, cancelled or has work in the dead letters", async () => {
    const startsAt = shop.ctx.clock() + 3_600_000;
    const waiting = await shop.launched({ channels: ["IN_APP"], startsAt });
    expect((await why(waiting, 1)).summary).toContain("has not begun");
    await shop.cancel(waiting);
    expect((await why(waiting, 1)).summary).toContain("cancelled before it began");

    const run = await finished(await shop.launched({ channels: ["IN_APP"] }));
    const unwritten = (state: string, page: string) =>
      shop.ctx.db.write([
        sql`UPDATE run SET state = ${state} WHERE id = ${run}`,
        sql`UPDATE page SET state = ${page} WHERE run = ${run} AND number = 0`,
        sql`DELETE FROM send WHERE run = ${run} AND member <= 100`,
      ]);
    await unwritten("RUNNING", "PLANNED");
    expect((await why(run, 1)).summary).toContain("has not been written");
    await unwritten("PAUSED", "PLANNED");
    expect((await why(run, 1)).summary).toContain("paused");
    await unwritten("FAILED", "PARKED");
    expect((await why(run, 1)).summary).toContain("dead letters");
    await unwritten("CANCELLED", "PLANNED");
    expect((await why(run, 1)).summary).toContain("cancelled");
  });

  test("tells of sends that failed, are unknown, wait or were cancelled", async () => {
    const run = await finished(await shop.launched({ channels: ["SMS"] }));
    const says = async (state: string, reason: string, dueAt: number | null = null) => {
      const row = sql`state = ${state}, reason = ${reason}, due_at = ${dueAt}`;
      await shop.ctx.db.write([sql`UPDATE send SET ${row} WHERE run = ${run} AND member = 1`]);
      const { summary, channels } = await why(run, 1);
      return `${summary} ${channels[0].words}`;
    };
    expect(await says("FAILED", "TEMPLATE")).toContain("did not get it. The message could not be made");
    expect(await says("FAILED", "BLOCKED")).toContain("refused it for good: blocked");
    expect(await says("UNKNOWN", "TIMEOUT")).toMatch(/^Nobody can say whether the member got it. .*timeout/);
    expect(await says("PENDING", "")).toContain("has not got it yet. It waits for its turn.");
    expect(await says("PENDING", "RETRY", 0)).toContain("deferred it. It is tried again at 1970-01-01");
    expect(await says("SENDING", "")).toContain("with the provider now");
    expect(await says("CANCELLED", "")).toContain("was cancelled before it was the member's turn");
    await says("SENT", "");
  });

  test("does not guess about a run whose ledger is forgotten", async () => {
    const run = await finished(await shop.launched({ channels: ["IN_APP"] }));
    await shop.ctx.db.write([
      sql`UPDATE run SET completed_at = ${shop.ctx.clock() - campaignSettings.of(shop.ctx).ledgerKeepMs - 1}
          WHERE id = ${run}`,
      sql`DELETE FROM send WHERE run = ${run}`,
    ]);
    expect((await why(run, 1)).summary).toContain("Nobody can say any more");
  });

  test("refuses members and runs that are not there, and callers who are not operators", async () => {
    const query = "query ($run: ID!, $member: ID!) { whyMember(runId: $run, memberId: $member) { summary } }";
    const ask = (run: number, member: number) =>
      vic.ask(query, { run: idOf("Run", run), member: idOf("Member", member) });
    expect(await ask(999, 1)).toMatchObject({ status: 400, code: "NOT_FOUND" });
    expect(await ask(1, 999)).toMatchObject({ status: 400, code: "NOT_FOUND" });
    const nobody = await fetch(`${shop.app.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query, variables: { run: idOf("Run", 1), member: idOf("Member", 1) } }),
    });
    expect(nobody.status).toBe(401);
  });
});

test("a paused run says so, and goes on when it is resumed", async () => {
  await shop.members(3_000, { consent: "1" });
  const run = await shop.launched({ channels: ["EMAIL"] });
  const ed = await hire(shop, "Ed", "editor");
  const campaign = idOf("Campaign", await campaignOf(run));
  await until(async () => (await progressOf(run)).channels[0].sent > 0);
  await ed.does("pauseCampaign", { campaignId: campaign });
  const paused = await progressOf(run);
  expect(paused).toMatchObject({ state: "PAUSED", etaSeconds: null, waitsFor: "someone to resume the campaign" });
  expect(paused.done).toBeLessThan(paused.total);
  await ed.does("resumeCampaign", { campaignId: campaign });
  await finished(run);
  expect(await shop.faults(run)).toEqual([]);
});
