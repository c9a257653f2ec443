import { expect, test } from "bun:test";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { createLog } from "../src/log.ts";
import { openSink } from "../src/log-sink.ts";
import { tempDir } from "./support/temp.ts";
import { until } from "./support/wait.ts";

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

/** A process that logs more and more until lines were lost, lives on, and answers how many. */
const talkative = `
  import { createLog } from ${JSON.stringify(join(import.meta.dir, "../src/log.ts"))};
  let lost = 0;
  const log = createLog("info", [], (lines) => { lost += lines; });
  const talk = setInterval(() => {
    for (let i = 0; i < 500; i++) log("info", "redis", { line: "x".repeat(1_000) });
    if (lost > 5) { clearInterval(talk); console.log(lost); }
  }, 1);
  process.stdin.on("data", () => { console.log("alive"); process.exit(0); });`;

test.each([
  ["the log's disk is full", 'exec "$0" -e "$1" 2>/dev/full'],
  ["whoever read the log has gone", 'exec 3>&1; { "$0" -e "$1" 2>&1 >&3; } | true'],
  ["whoever reads the log stands still", 'exec "$0" -e "$1"'],
])("the process lives on, and counts what is lost, when %s", async (_, shell) => {
  const child = Bun.spawn(["sh", "-c", shell, process.execPath, talkative], { stdio: ["pipe", "pipe", "pipe"] });
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  expect(Number((await answers.read()).value)).toBeGreaterThan(5);
  child.stdin.write("are you there?");
  child.stdin.flush();
  expect((await answers.read()).value).toBe("alive\n");
  await child.exited;
});

test("once lines can be written again, the first one says how many were lost, and none is torn", async () => {
  const path = join(tempDir(), "pipe");
  await Bun.$`mkfifo ${path}`;
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  let lost = 0;
  const count = (lines: number) => {
    lost += lines;
  };
  const sink = openSink(pipe, { onLost: count, gap: (lines) => `gap ${lines}\n` });
  const line = `${"x".repeat(1_500)}\n`;
  for (let i = 0; i < 100; i++) sink.write(line); // more than a pipe holds
  await until(() => lost > 0);
  const written = drained(pipe);
  sink.write("again\n");
  let later = "";
  await until(() => {
    later += drained(pipe);
    return later.includes("again");
  });
  expect(written.match(/x{1500}\n/g)!.length + lost).toBe(100);
  expect(later).toBe(`${written.endsWith("\n") ? "" : "\n"}gap ${lost}\nagain\n`);
  closeSync(pipe);
});

test("an error whose words cannot be read loses its line, and harms nobody", () => {
  let lost = 0;
  const log = createLog("info", [], (lines) => {
    lost += lines;
  });
  const broken = Object.defineProperty(new Error(), "message", {
    get: () => {
      throw new TypeError("no words");
    },
  });
  log("error", "job.failed", { error: broken });
  expect(lost).toBe(1);
});

/** What stands in a pipe that nobody has to wait for. */
function drained(pipe: number): string {
  const room = Buffer.alloc(1_000_000);
  let size = 0;
  try {
    for (;;) size += readSync(pipe, room, size, room.length - size, null);
  } catch {
    return room.subarray(0, size).toString(); // it is empty
  }
}
