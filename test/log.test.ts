import { expect, test } from "bun:test";
import { join } from "node:path";

/** What `createLog` writes to standard error, line by line, from a process of its own. */
async function logged(body: string): Promise<Record<string, unknown>[]> {
  const path = join(import.meta.dir, "../src/log.ts");
  const log = 'createLog("debug", [{ logs: ["run"] }])';
  const script = `import { createLog } from ${JSON.stringify(path)}; const log = ${log}; ${body}`;
  const child = Bun.spawn([process.execPath, "-e", script], { stderr: "pipe", stdout: "ignore" });
  const text = await new Response(child.stderr).text();
  await child.exited;
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("I16 fields not on the list are dropped: addresses, phones, codes and tokens never reach the log", async () => {
  const [line] =
    await logged(`log("info", "job", { job: "channel-send", run: 7, email: "kim@example.com", phone: "+4915112345678",
    token: "ff_op_secret", body: { to: "kim@example.com" }, args: ["kim@example.com"] });`);
  expect(line).toMatchObject({ job: "channel-send", run: 7, msg: "job" });
  expect(JSON.stringify(line)).not.toMatch(/kim@|4915112345678|ff_op_/);
});

test("I16 an error is logged as its kind and first line, without its stack", async () => {
  const [line] = await logged(`log("error", "job.failed", { error: new TypeError("first line\\nsecond line") });`);
  expect(line?.error).toBe("TypeError: first line");
});
