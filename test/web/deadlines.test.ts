import { expect, test } from "bun:test";
import fc from "fast-check";
import { deadlinesOf } from "../../src/web/deadlines.ts";
import type { Timers } from "../../src/world.ts";
import { realWorld } from "../../src/world.ts";

/** Timers of which the test says what time it is. */
function timersAt() {
  const at = { now: 0, woken: [] as { due: number; run: () => void }[] };
  const timers: Timers = {
    ...realWorld.timers,
    now: () => at.now,
    after: (ms, run) => {
      at.woken.push({ due: at.now + ms, run });
      return { stop() {}, unref() {} };
    },
  };
  const pass = (ms: number) => {
    at.now += ms;
    for (const { run } of at.woken.filter(({ due }) => due <= at.now)) run();
    at.woken = at.woken.filter(({ due }) => due > at.now);
  };
  return { at, timers, pass };
}

test("whoever waits too long is told once and in time, whoever came in time never; one timer serves all", () => {
  const step = fc.record({ gap: fc.integer({ min: 0, max: 40 }), ms: fc.constantFrom(50, 200), stops: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { at, timers, pass } = timersAt();
      const waits = deadlinesOf(timers);
      const all: { until: number; stops: boolean; told: number[] }[] = [];
      for (const { gap, ms, stops } of [
        ...steps,
        ...Array.from({ length: 12 }, () => ({ gap: 20, ms: 50, stops: true })),
      ]) {
        pass(gap);
        const told: number[] = [];
        const stop = waits(ms, () => told.push(at.now));
        if (stops) stop();
        all.push({ until: at.now + ms, stops, told });
        expect(at.woken.length).toBeLessThanOrEqual(2); // one for each length
      }
      for (let i = 0; i < 30; i++) pass(10);
      for (const { until, stops, told } of all) {
        expect(told.length).toBe(stops ? 0 : 1);
        for (const when of told) expect(when - until).toBeWithin(0, 41);
      }
    }),
    { numRuns: 50 },
  );
});
