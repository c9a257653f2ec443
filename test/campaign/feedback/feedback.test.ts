import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { recordProgress, sendKeyOf } from "../../../src/campaign/feedback/feedback.ts";
import { type Progress, progressRanks } from "../../../src/campaign/ledger/progress-rank.ts";
import type { Context } from "../../../src/context.ts";
import type { RootDatabase } from "../../../src/db/client.ts";
import { openTestDatabase } from "../../support/database.ts";
import { testContext } from "../../support/graphql.ts";
import { tallyFaults } from "../../support/ledger.ts";
import { closeShops, openShop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let db: RootDatabase;
let ctx: Context;
beforeAll(async () => {
  db = await openTestDatabase();
  ctx = testContext(db);
});
afterAll(async () => {
  await closeShops();
  await db.close();
});

let run = 0;
/** A ledger of one send in this state, counted in the tally. */
async function ledgerWith(state: string, providerId: string | null): Promise<number> {
  run += 1;
  const reason = state === "UNKNOWN" ? "LOST_WHILE_SENDING" : "";
  await db.write([
    sql`INSERT INTO send (run, channel, member, state, reason, at, provider_id)
      VALUES (${run}, 'EMAIL', 1, ${state}, ${reason}, 0, ${providerId})`,
    sql`INSERT INTO tally VALUES (${run}, 'EMAIL', ${state}, ${reason}, 1)`,
  ]);
  return run;
}
const rowOf = (of: number) =>
  db.first<{ state: string; reason: string; progress: number }>(
    sql`SELECT state, reason, progress FROM send WHERE run = ${of}`,
  );
const tell = (of: number, progress: Progress, providerId?: string) =>
  recordProgress(ctx, { send: { run: of, channel: "EMAIL", member: 1 }, progress, providerId });

const news = fc.constantFrom(...(Object.keys(progressRanks) as Progress[]));

test("news about a send moves it forward, never back, in whatever order and however often it comes", async () => {
  const state = fc.constantFrom("SENT", "UNKNOWN", "SENDING");
  await fc.assert(
    fc.asyncProperty(state, fc.array(news, { minLength: 1, maxLength: 8 }), async (before, events) => {
      const of = await ledgerWith(before, before === "SENT" ? "e-1" : null);
      let last = 0;
      for (const event of events) {
        await tell(of, event, "e-1");
        const progress = (await rowOf(of))?.progress ?? 0;
        expect(progress).toBeGreaterThanOrEqual(last);
        last = progress;
      }
      expect(await rowOf(of)).toEqual({
        state: before === "SENDING" ? "SENDING" : "SENT",
        reason: "",
        progress: Math.max(...events.map((event) => progressRanks[event])),
      });
      expect(await tallyFaults(db, of)).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test("news changes nothing about a send that was never made, or that the provider knows under another id", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("PENDING", "SKIPPED", "FAILED", "CANCELLED"), news, async (state, event) => {
      const of = await ledgerWith(state, null);
      await tell(of, event, "e-1");
      expect(await rowOf(of)).toMatchObject({ state, progress: 0 });
    }),
    { numRuns: 24 },
  );
  const of = await ledgerWith("SENT", "e-1");
  await tell(of, "clicked", "e-2");
  expect(await rowOf(of)).toMatchObject({ state: "SENT", progress: 0 });
});

test("a ref that is none stands for no send", () => {
  for (const ref of [undefined, "", "1", "1:", "1:2:3", "x:1", "1e3:1", "-1:1", "1234567890123456:1"]) {
    expect(sendKeyOf(ref, "EMAIL")).toBeUndefined();
  }
  expect(sendKeyOf("12:34", "SMS")).toEqual({ run: 12, channel: "SMS", member: 34 });
});

test("a send that the provider confirms before its batch is given up as lost ends SENT", async () => {
  const shop = await openShop();
  await shop.members(3);
  shop.ctx.sandbox.setFaults("SMS", { late: 1, lateMs: 10_000 });
  const run = await shop.launched({ channels: ["SMS"] });
  const sending = async () =>
    (
      await shop.ctx.db.first<{ n: number }>(
        sql`SELECT count(*) AS n FROM send WHERE run = ${run} AND state = 'SENDING'`,
      )
    )?.n;
  await until(async () => (await sending()) === 3);
  await recordProgress(shop.ctx, {
    send: { run, channel: "SMS", member: 2 },
    progress: "delivered",
    providerId: "SM1",
  });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({
    "SMS SENT": 1,
    "SMS UNKNOWN THE_PROVIDER_DID_NOT_ANSWER_IN_TIME": 2,
  });
  expect(await shop.faults(run)).toEqual([]);
});

test("push tokens that the provider no longer knows are forgotten with their batch, and no others", async () => {
  const shop = await openShop();
  await shop.members(4);
  await shop.ctx.db.write([
    sql`UPDATE push_token SET token = 'gone-' || member WHERE member IN (1, 2)`,
    sql`INSERT INTO push_token (token, member, added_at) VALUES ('second-2', 2, 0)`,
    sql`INSERT INTO push_token VALUES ('gone-elsewhere', 3, 0, 'OTHER')`, // another provider's
  ]);
  const run = await shop.launched({ channels: ["PUSH"] });
  await shop.becomes(run, "COMPLETED");
  expect(await shop.ledger(run)).toEqual({ "PUSH FAILED NO_TOKEN_IS_REGISTERED": 1, "PUSH SENT": 3 });
  const tokens = await shop.ctx.db.all<{ token: string }>(sql`SELECT token FROM push_token ORDER BY member, token`);
  expect(tokens.map(({ token }) => token)).toEqual(["second-2", "gone-elsewhere", "token-3", "token-4"]);
});
