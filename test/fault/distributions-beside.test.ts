import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { startDistribution } from "../../src/distribution/control.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { addTemplate } from "../support/coupons.ts";
import { faultsOfDistribution, fileOf } from "../support/distributions.ts";
import { isLong } from "../support/length.ts";
import { accepted, closeShops, openShop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const rows = 50_000;

/**
 * The longest that the event loop stood still, ms: of each gap only what this process computed in it, for a machine
 * that others use, too, has gaps of its own.
 */
function watchLoop() {
  let longest = 0;
  let [at, used] = [performance.now(), process.cpuUsage()];
  // Whoever asks how long a turn took must come by in between.
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(used);
    longest = Math.max(longest, Math.min(performance.now() - at, (user + system) / 1_000) - 1);
    [at, used] = [performance.now(), process.cpuUsage()];
  }, 1);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

test.if(isLong)(
  "two distributions beside a campaign that runs: all three get on, and none holds up the others by 50 ms",
  async () => {
    const shop = await openShop();
    const { ctx } = shop;
    await shop.members(rows);
    const lines = Array.from({ length: rows }, (_, i) => `x${((i * 7_919) % rows) + 1},n\n`);
    const listed = `externalId,note\n${lines.join("")}`;
    const upload = async () => {
      const template = (await addTemplate(ctx, { issueMode: "SYSTEM", stock: rows * 2 })).id;
      return accepted(await uploadDistribution(ctx, fileOf(listed), { template })).id;
    };
    const ids = [await upload(), await upload()];
    const of = async (id: number) => accepted(await findDistribution(ctx, id));
    const stillReading = watchLoop();
    for (const id of ids) await until(async () => (await of(id)).state === "READY", 600_000);
    const reading = stillReading();
    const run = await shop.launched({ channels: ["IN_APP"] });
    for (const id of ids) accepted(await startDistribution(ctx, { id }));
    const stillIssuing = watchLoop();
    const ended = async () => {
      const [first, second] = await Promise.all(
        ids.map(async (id) => (await of(id)).counts.reduce((sum, { ended }) => sum + ended, 0)),
      );
      const sent = await ctx.db.first<{ n: number }>(sql`
        SELECT coalesce(sum(n), 0) AS n FROM tally WHERE run = ${run} AND state = 'SENT'`);
      return [first ?? 0, second ?? 0, sent?.n ?? 0];
    };
    let halfway: number[] = [];
    await until(async () => {
      halfway = await ended();
      return halfway.some((n) => n >= rows / 2);
    }, 600_000);
    for (const id of ids) await until(async () => (await of(id)).state === "COMPLETED", 600_000);
    await until(async () => (await shop.state(run)) === "COMPLETED", 600_000);
    const issuing = stillIssuing();
    console.log(
      `half-way: ${halfway}; the longest stall: ${reading.toFixed()} ms reading, ${issuing.toFixed()} ms issuing`,
    );
    // Each has got on while the first of them came half-way.
    expect(halfway.every((n) => n > rows / 20)).toBeTrue();
    for (const id of ids) expect(await faultsOfDistribution(ctx, id)).toEqual([]);
    expect(await shop.faults(run)).toEqual([]);
    expect(Math.max(reading, issuing)).toBeLessThan(50);
  },
  3_600_000,
);
