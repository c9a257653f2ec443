import { afterAll, expect, test } from "bun:test";
import { watchClock } from "../../src/operations/clock-watch.ts";
import { renderMetrics } from "../../src/operations/metrics.ts";
import { closeLedgers, openLedger } from "../support/light.ts";

afterAll(closeLedgers);

test("a clock that is set back, or ahead, is said in the log and counted; one that runs is not", async () => {
  const shop = await openLedger();
  const said: unknown[] = [];
  let look = () => {};
  const timers = {
    ...shop.ctx.timers,
    every: (_: number, run: () => void) => {
      look = run;
      return { stop() {}, unref() {} };
    },
  };
  const ctx = { ...shop.ctx, timers, log: (...line: unknown[]) => void said.push(line) };
  const counted = async (direction: string) => {
    const { text } = await renderMetrics(ctx);
    return Number(new RegExp(`clock_steps_total{direction="${direction}"} (\\d+)`).exec(text)?.[1] ?? 0);
  };
  const [back, ahead] = [await counted("back"), await counted("ahead")];
  watchClock(ctx);
  look();
  expect(said).toEqual([]);
  for (const ms of [-60_000, -7_200_000, 3_600_000]) {
    shop.pass(ms);
    look();
    look();
  }
  expect(said).toEqual([
    ["warn", "clock.stepped", { ms: expect.closeTo(-60_000, -3) }],
    ["warn", "clock.stepped", { ms: expect.closeTo(-7_200_000, -3) }],
    ["warn", "clock.stepped", { ms: expect.closeTo(3_600_000, -3) }],
  ]);
  expect([(await counted("back")) - back, (await counted("ahead")) - ahead]).toEqual([2, 1]);
});
