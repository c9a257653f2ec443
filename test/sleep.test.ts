import { expect, test } from "bun:test";
import { join } from "node:path";

/** Lines of tests that match, each with the line above it; this file's own left out. */
async function lines(
  pattern: RegExp,
): Promise<{ readonly at: string; readonly text: string; readonly above: string }[]> {
  const found = [];
  for (const path of new Bun.Glob("**/*.ts").scanSync(import.meta.dir)) {
    if (path === "sleep.test.ts") continue;
    const all = (await Bun.file(join(import.meta.dir, path)).text()).split("\n");
    for (const [n, text] of all.entries())
      if (pattern.test(text)) found.push({ at: `${path}:${n + 1}`, text, above: all[n - 1] ?? "" });
  }
  return found;
}

test("whoever sleeps in a test says why, beside it", async () => {
  const sleeps = await lines(/\b(Bun\.sleep(Sync)?|setTimeout|setInterval)\(/);
  expect(sleeps.filter(({ text, above }) => !/\/\/|^ *\*/.test(text) && !/^ *\/\//.test(above))).toEqual([]);
});

test("no test asserts how long something took", async () => {
  expect(await lines(/expect\(.*performance\.now\(\)/)).toEqual([]);
});
