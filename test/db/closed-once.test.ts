import { expect, test } from "bun:test";
import { join } from "node:path";
import { tempDir } from "../support/temp.ts";

/** Freed memory reads as an open connection: closing it again ends the process. This is for glibc; others ignore it. */
const freedLooksOpen = { MALLOC_PERTURB_: "118", GLIBC_TUNABLES: "glibc.malloc.tcache_count=0" };

test("a connection whose statements are collected is closed once, and its files are let go", async () => {
  const work = Bun.spawn([process.execPath, join(import.meta.dir, "closed-once-child.ts"), tempDir()], {
    env: { ...process.env, ...freedLooksOpen },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [said, complained] = await Promise.all([work.stdout, work.stderr].map((out) => new Response(out).text()));
  expect({ code: await work.exited, complained }).toEqual({ code: 0, complained: "" });
  expect(Number(said)).toBeLessThan(10); // of forty; the collector may take a word on the stack for the last ones
});
