import { expect, test } from "bun:test";
import { join } from "node:path";
import { checkout, ended, spawn } from "../support/fanfare.ts";

/** Lets 55 MiB live, and as much die as makes the heap be looked through a few times. */
const program = `
  const lives = Array.from({ length: 600_000 }, (_, n) => ({ n, text: "member " + n }));
  Bun.gc(true);
  for (let n = 0; n < 2_000; n++) Array.from({ length: 1_000 }, (_, row) => ({ n, text: "row " + row }));
  lives.length = 0;`;

/** By how many MiB the heap may grow before it is looked through, as Bun itself tells. */
async function allowed(env: Readonly<Record<string, string>>): Promise<number> {
  const command = [join(checkout, "bin/run"), "-e", program];
  const { err, exit } = await ended(spawn(command, { BUN_JSC_logGC: "1", ...env }));
  expect(exit).toBe(0);
  return Math.max(...err.matchAll(/exceed bytes allowed: (\d+)/g).map(([, bytes]) => Number(bytes) / 2 ** 20));
}

const [small, large] = [{ BUN_JSC_forceRAMSize: "8000000000" }, { BUN_JSC_forceRAMSize: "32000000000" }];

test("the heap grows by three quarters of what lives, however large the machine is", async () => {
  for (const machine of [small, large]) {
    const grows = await allowed(machine);
    expect(grows).toBeGreaterThan(30);
    expect(grows).toBeLessThan(50);
  }
});

test("what the environment says of the heap outranks that", async () => {
  expect(await allowed({ ...large, BUN_JSC_heapGrowthMaxIncrease: "2" })).toBeGreaterThan(80);
});
