import { afterAll, expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { distribute } from "../../src/cli/distribute.ts";
import { openExisting } from "../../src/cli/offline.ts";
import { readEnv } from "../../src/env.ts";
import { addTemplate } from "../support/coupons.ts";
import { installation } from "../support/fanfare.ts";
import { testContext } from "../support/graphql.ts";
import { addMembers } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";

const before = { ...Bun.env };
afterAll(() => {
  for (const name of ["DATA_DIR", "LOG_LEVEL", "DISTRIBUTION_APPROVAL_SIZE"]) {
    if (before[name] === undefined) delete Bun.env[name];
    else Bun.env[name] = before[name];
  }
  process.exitCode = 0;
});

/** An installation with members x1 … x9, a template that gives five, and words for what the command prints. */
async function installed(approvalSize: string) {
  const dataDir = await installation();
  Object.assign(Bun.env, { DATA_DIR: dataDir, LOG_LEVEL: "silent", DISTRIBUTION_APPROVAL_SIZE: approvalSize });
  const db = await openExisting(readEnv({ DATA_DIR: dataDir }));
  await addMembers(db, 9);
  const { id } = await addTemplate(testContext(db), { issueMode: "SYSTEM", stock: 5 });
  const file = async (text: string) => {
    const path = join(tempDir(), "members.csv");
    await Bun.write(path, text);
    return path;
  };
  const run = async (...args: string[]) => {
    const said: string[] = [];
    const spies = (["log", "error"] as const).map((name) =>
      spyOn(console, name).mockImplementation((line) => void said.push(String(line))),
    );
    process.exitCode = 0;
    try {
      await distribute(args);
      return { said: said.join("\n"), exit: process.exitCode };
    } finally {
      for (const spy of spies) spy.mockRestore();
      process.exitCode = 0;
    }
  };
  const issued = async () => (await db.all(sql`SELECT 1 FROM coupon`)).length;
  return { db, template: String(id), file, run, issued };
}

test("a file is checked, issued and told; a dry run issues nothing, and says what would mend it", async () => {
  const { db, template, file, run, issued } = await installed("7");
  const rows = ["Kundennr", "x1", "x2", "x2", "gone", "x3", "x4", "x5", "x6"].join("\n");
  const dry = await run(await file(rows), "--template", template, "--dry-run");
  expect(dry.exit).toBe(1);
  expect(dry.said).toContain("FAILED");
  expect(dry.said).toContain("heading=Kundennr=externalId");
  const mapped = [await file(rows), "--template", template, "--map", "Kundennr=externalId"];
  const checked = await run(...mapped, "--dry-run");
  expect(checked.said).toContain("To become: 1 unknown member, 1 duplicate, 1 out of stock, 5 issued");
  expect(checked.said).toContain("row 5, column A (Kundennr): No member has this.");
  expect(checked.said).toContain("To issue: fanfare distribute --start 2");
  expect(await issued()).toBe(0);
  const done = await run("--start", "2", "--json");
  expect(done.exit).toBe(0);
  const told = JSON.parse(done.said.split("\n").at(-1) ?? "");
  expect(told).toMatchObject({
    number: 2,
    state: "COMPLETED",
    rows: 8,
    firstLeftOut: [{ row: 4, otherRow: 3 }, {}, {}],
  });
  expect(await issued()).toBe(5);
  await expect(run(...mapped, "--channel", "pigeon")).rejects.toThrow("notice.channels.0");
  await expect(run("--start", "9")).rejects.toThrow("There is no distribution 9.");
  await db.close();
});

test("what needs another person is said, with status 1, and nothing is issued", async () => {
  const { db, template, file, run, issued } = await installed("1");
  const held = await run(await file("externalId\nx1\nx2\n"), "--template", template);
  expect(held.exit).toBe(1);
  expect(held.said).toContain("approveDistribution");
  expect(held.said).toContain("fanfare distribute --start 1");
  expect(await issued()).toBe(0);
  await db.close();
});
