import { expect, test } from "bun:test";
import { join } from "node:path";
import { tempDir } from "../support/temp.ts";

const cli = join(import.meta.dir, "../../src/cli.ts");

/** Runs `fanfare` in a process of its own, on a data directory of its own. */
async function fanfare(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = Bun.spawn([process.execPath, cli, ...args], {
    env: { ...process.env, DATA_DIR: tempDir(), LOG_LEVEL: "silent", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { out, err, exit: await child.exited };
}

test("the demo reaches every member once, adds up, and says so in its last line", async () => {
  const { out, err, exit } = await fanfare(["demo", "--exit", "--json", "--members", "500"]);
  expect(exit).toBe(0);
  const summary = JSON.parse(out.trim().split("\n").at(-1) ?? "");
  const { matched, sent, skipped, failed, cancelled, unknown } = summary;
  expect(summary).toMatchObject({ members: 500, matched: 1000, duplicates: 0, failed: 0, cancelled: 0, unknown: 0 });
  expect(sent + skipped + failed + cancelled + unknown).toBe(matched);
  expect(summary.messages).toBeLessThan(40);
  expect(err).toContain("promotion 100%");
  expect(out).toContain("claimed 100/100 · oversold 0 · duplicates 0");
  expect(summary.sale).toMatchObject({ stock: 100, claimed: 100, answers: { Coupon: 100, SoldOut: 400 } });
}, 120_000);

test("unknown commands and options are told in a line, with exit status 2", async () => {
  expect(await fanfare(["dmeo"])).toMatchObject({
    exit: 2,
    err: expect.stringContaining('There is no command "dmeo"'),
  });
  expect(await fanfare(["demo", "--fast"])).toMatchObject({ exit: 2, err: expect.stringContaining("--fast") });
  expect(await fanfare(["demo", "--members", "many"])).toMatchObject({ exit: 2 });
});

test("an environment that is not fit to start is told whole, without a stack", async () => {
  const { err, exit } = await fanfare(["token", "member", "x"], { PORT: "high", QSTASH_TOKEN: "t" });
  expect(exit).toBe(1);
  expect(err).toContain("PORT");
  expect(err).not.toContain("    at ");
});

test("tokens are minted on the machine: operators', services' and members'", async () => {
  expect((await fanfare(["token", "operator", "--name", "ops", "--role", "editor"])).out).toMatch(/^ff_op_\S+\n$/);
  expect((await fanfare(["token", "service", "--name", "shop", "--scope", "members:write"])).out).toMatch(
    /^ff_sv_\S+\n$/,
  );
  expect((await fanfare(["token", "member", "4711"])).out.split(".")).toHaveLength(3);
  expect(await fanfare(["token", "operator", "--name", "ops", "--role", "king"])).toMatchObject({ exit: 2 });
});

test("members are imported from a CSV file, and a bad header is refused with its place", async () => {
  const dir = tempDir();
  await Bun.write(join(dir, "members.csv"), "externalId,email,level\na,a@example.com,1\nb,not an address,2\n");
  await Bun.write(join(dir, "bad.csv"), "externalId,colour\na,red\n");
  const good = await fanfare(["import", join(dir, "members.csv"), "--json"]);
  expect(JSON.parse(good.out)).toMatchObject({ rows: 2, created: 1, faulty: 1, state: "done" });
  expect(await fanfare(["import", join(dir, "bad.csv")])).toMatchObject({
    exit: 2,
    err: expect.stringContaining("1:2"),
  });
});
