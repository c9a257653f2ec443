import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { seededRandom } from "../../src/channels/sandbox/faults.ts";
import type { Context } from "../../src/context.ts";
import {
  cancelDistribution,
  openDistributions,
  pauseDistribution,
  resumeDistribution,
  startDistribution,
} from "../../src/distribution/control.ts";
import { endedRows, findDistribution } from "../../src/distribution/distribution.ts";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { addTemplate, templateDesk } from "../support/coupons.ts";
import { checked, faultsOfDistribution, fileOf, handled, issued, shuffled, told } from "../support/distributions.ts";
import { couponFaults } from "../support/issue.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);
const listed = (n: number) => `externalId\n${Array.from({ length: n }, (_, i) => `x${i + 1}`).join("\n")}\n`;

async function coupons({ db }: Context): Promise<number> {
  return (await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM coupon`))?.n ?? 0;
}

const found = async (ctx: Context, id: number) => accepted(await findDistribution(ctx, id));

test("every message may come twice, at once, late and in any order: each row has one outcome", async () => {
  const { ctx, members } = await openLedger();
  const rows = counted(2_000, 60_000);
  await members(rows);
  const random = seededRandom(seed);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM", stock: rows * 2 })).id;
  const { id } = accepted(await uploadDistribution(ctx, fileOf(listed(rows)), { template }));
  const known = new Map<string, Parameters<typeof handled>[1]>();
  for (;;) {
    const { state } = await found(ctx, id);
    if (state === "COMPLETED") break;
    if (state === "READY") accepted(await startDistribution(ctx, { id }));
    for (const message of await openDistributions(ctx, ctx.clock() + 1)) known.set(message.subject, message);
    const some = shuffled([...known.values(), ...known.values()], random);
    await Promise.all(some.map((message) => handled(ctx, message)));
  }
  await Promise.all([...known.values()].map((message) => handled(ctx, message)));
  expect(await faultsOfDistribution(ctx, id)).toEqual([]);
  expect(told(await found(ctx, id), "ended")).toEqual({ ISSUED: rows });
});

test("once a pause or a cancel has answered nothing more is given, and the answer says how much was", async () => {
  const { ctx, members } = await openLedger();
  const rows = counted(6_000, 1_000_000);
  await members(rows);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  const { id } = await checked(ctx, listed(rows), { template });
  accepted(await startDistribution(ctx, { id }));
  const open = () => openDistributions(ctx, ctx.clock() + 1);
  /** Lets batches be issued, and does something amid it. */
  async function amid(blocks: number, deed: typeof pauseDistribution) {
    const batches = (async () => {
      for (const message of await open()) await handled(ctx, message);
    })();
    const before = await coupons(ctx);
    while ((await coupons(ctx)) < before + blocks * 1_000) await new Promise<void>(ctx.timers.soon);
    const answer = accepted(await deed(ctx, { id }));
    const answeredAt = ctx.clock();
    await batches;
    const last = await ctx.db.first<{ at: number }>(sql`SELECT max(at) AS at FROM coupon`);
    expect([await coupons(ctx), last && last.at <= answeredAt]).toEqual([endedRows(answer, "ISSUED"), true]);
    for (const message of await open()) await handled(ctx, message);
    expect(await coupons(ctx)).toBe(endedRows(answer, "ISSUED"));
    expect(await couponFaults(ctx.db)).toEqual([]);
    return answer;
  }
  const paused = await amid(1, pauseDistribution);
  expect([paused.state, endedRows(paused, "ISSUED") < rows]).toEqual(["PAUSED", true]);
  accepted(await resumeDistribution(ctx, { id }));
  const cancelled = await amid(counted(1, 20), cancelDistribution);
  expect([cancelled.state, endedRows(cancelled, "ISSUED") < rows]).toEqual(["CANCELLED", true]);
  expect(await resumeDistribution(ctx, { id })).toMatchObject({ code: "WRONG_STATE" });
});

test("of a stock that is short the first rows get all of it, the others are told so, whoever claims", async () => {
  const [rows, stock, claims] = [counted(1_600, 200_000), counted(1_200, 150_000), counted(40, 400)];
  const { ctx, members } = await openLedger();
  await members(rows + claims);
  const short = (await addTemplate(ctx, { issueMode: "SYSTEM", stock })).id;
  const alone = await checked(ctx, listed(rows), { template: short });
  expect(told(alone, "predicted")).toEqual({ ISSUED: stock, OUT_OF_STOCK: rows - stock });
  const done = await issued(ctx, alone.id);
  expect(told(done, "ended")).toEqual({ ISSUED: stock, OUT_OF_STOCK: rows - stock });
  expect(await faultsOfDistribution(ctx, alone.id)).toEqual([]);
  const shared = (await addTemplate(ctx, { issueMode: "SELF_CLAIM", stock })).id;
  const { id } = await checked(ctx, listed(rows), { template: shared });
  const { claim } = templateDesk(() => ctx);
  const crowd = (async () => {
    for (let i = 1; i <= claims; i++) await claim(rows + i, shared);
  })();
  await Promise.all([crowd, issued(ctx, id)]);
  const beside = await found(ctx, id);
  const claimed = await ctx.db.first<{ n: number }>(sql`SELECT claimed AS n FROM coupon_template WHERE id = ${shared}`);
  expect(endedRows(beside, "ISSUED") + (claimed?.n ?? 0)).toBe(stock);
  expect(endedRows(beside)).toBe(rows);
  expect(await faultsOfDistribution(ctx, id)).toEqual([]);
});
