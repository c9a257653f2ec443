import { expect, test } from "bun:test";
import { evaluateDelay } from "../../../src/queue/broker/delivery/delay-expression.ts";
import { createLimiter } from "../../../src/queue/broker/delivery/lane/limiter.ts";
import { backoff, retryDelay } from "../../../src/queue/broker/delivery/retry-delay.ts";
import { parseDuration } from "../../../src/queue/broker/duration.ts";

test("the backoff is QStash's table: 12 s, 2 m 28 s, 30 m 8 s, 6 h 7 m 6 s, then a day", () => {
  expect([1, 2, 3, 4, 5, 6].map((n) => Math.floor(backoff(n) / 1_000))).toEqual([12, 148, 1808, 22026, 86400, 86400]);
});

test("Retry-After of more than a day, or of no meaning, leaves the backoff", () => {
  for (const value of ["86401", "25h", "later", ""]) {
    expect(retryDelay(0, undefined, new Headers({ "retry-after": value }), 0)).toBe(backoff(1));
  }
  expect(retryDelay(0, undefined, new Headers({ "retry-after": "0" }), 0)).toBe(0);
  expect(retryDelay(0, undefined, new Headers({ "x-ratelimit-reset": "6m5s" }), 0)).toBe(365_000);
});

test("a retry delay expression knows its functions and their precedence, and nothing else", () => {
  const values = {
    "1000": 1000,
    "1000 * (1 + retried)": 3000,
    "pow(2, retried) * 1000": 4000,
    "2 + 3 * 4 - 6 / 2": 11,
  };
  for (const [text, value] of Object.entries(values)) expect(evaluateDelay(text, 2)).toBe(value);
  expect(evaluateDelay("max(1, min(5, 10), abs(-3)) + floor(1.9) + ceil(1.1) + round(sqrt(16))", 0)).toBe(12);
  const none = ["", "retried(", "1 2", "constructor(1)", "a", "1 +", "(1", "1)", "1;2", "1/0", "(".repeat(300)];
  for (const text of none) expect(evaluateDelay(text, 0)).toBeUndefined();
});

test("durations are sums of amounts with a unit", () => {
  expect(["30s", "1h30m", "2d", "6m5s", "1.5s", "250ms"].map(parseDuration)).toEqual([
    30_000, 5_400_000, 172_800_000, 365_000, 1_500, 250,
  ]);
  for (const text of ["", "30", "s", "1 h", "-1s", "1w"]) expect(parseDuration(text)).toBeUndefined();
});

test("a limiter opens again with the next period", () => {
  const limiter = createLimiter();
  limiter.setLimits({ rate: 1, periodMs: 1_000 });
  expect(limiter.check(5_000, 10, 10)).toBe("open");
  limiter.enter();
  limiter.leave();
  expect(limiter.check(5_400, 10, 10)).toBe(6_000);
  expect(limiter.isBusy(5_400)).toBe(true);
  expect(limiter.check(6_000, 10, 10)).toBe("open");
});
