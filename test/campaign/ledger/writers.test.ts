import { expect, test } from "bun:test";
import { join } from "node:path";
import { Glob } from "bun";

const src = join(import.meta.dir, "../../../src");

async function filesWith(pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const file of new Glob("**/*.ts").scanSync(src)) {
    if (pattern.test(await Bun.file(join(src, file)).text())) found.push(file);
  }
  return found.sort();
}

function writesTo(names: readonly string[]): RegExp {
  return new RegExp(`\\b(INSERT( OR \\w+)? INTO|UPDATE|DELETE FROM) (${names.join("|")})\\b(?! SQLITE)`);
}

test("the ledger and its counts are written by the ledger's verbs alone", async () => {
  const writers = await filesWith(writesTo(["send", "tally"]));
  expect(writers).toContain("campaign/ledger/move-sends.ts");
  expect(writers.filter((file) => !file.startsWith("campaign/ledger/"))).toEqual([]);
});

test("what a campaign does is asked of its action: kinds are compared nowhere else", async () => {
  const compared = await filesWith(/[!=]==\s*"(ANNOUNCEMENT|COUPON_ISSUE|COUPON_INVITE)"/);
  expect(compared).toEqual([]);
});
