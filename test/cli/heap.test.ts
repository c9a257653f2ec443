import { expect, test } from "bun:test";
import { join } from "node:path";
import { checkout, ended, spawn } from "../support/fanfare.ts";

/** Lets 55 MiB live and many times as much die, and prints by how many MiB the process grew meanwhile. */
const program = `
  const lives = Array.from({ length: 600_000 }, (_, n) => ({ n, text: "member " + n }));
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  for (let n = 0; n < 1_000; n++) Array.from({ length: 1_000 }, (_, row) => ({ n, text: "row " + row }));
  console.log(Math.round(process.resourceUsage().maxRSS / 1_024 - before / 1_048_576));
  lives.length = 0;`;

async function growth(command: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const { out, exit } = await ended(spawn([...command, "-e", program], env));
  expect(exit).toBe(0);
  return Number(out);
}

test("what is dead is looked for before there is as much of it as lives, however large the machine is", async () => {
  for (const bytes of ["8000000000", "32000000000"])
    expect(await growth([join(checkout, "bin/run")], { BUN_JSC_forceRAMSize: bytes })).toBeLessThan(50);
});

test("what the environment says of the heap outranks that", async () => {
  const [own, said] = [{ BUN_JSC_forceRAMSize: "32000000000" }, { BUN_JSC_heapGrowthMaxIncrease: "2" }];
  expect(await growth([join(checkout, "bin/run")], { ...own, ...said })).toBeGreaterThan(60);
});
