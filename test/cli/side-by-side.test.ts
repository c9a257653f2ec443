import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Ended, ended, spawn } from "../support/fanfare.ts";
import { freePort } from "../support/port.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

// Two installations of one machine as a new user has them: `npm run demo` left open, `npm start` beside it.

const [demoPort, startPort, dataDir] = [freePort(), freePort(), join(tempDir(), "data")];
const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port}/livez`).then(
    ({ ok }) => ok,
    () => false,
  );
const queueThatIsAway = {
  QSTASH_URL: "http://127.0.0.1:1",
  QSTASH_TOKEN: "t",
  QSTASH_CURRENT_SIGNING_KEY: "c",
  QSTASH_NEXT_SIGNING_KEY: "n",
};
const runner = Bun.which("npm") ? ["npm", "run", "--silent"] : [process.execPath, "run", "--silent"];
const run = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  spawn([...runner, ...args], { REDIS_URL: "none", LOG_LEVEL: "error", ...env });

let [demo, server]: ReturnType<typeof run>[] = [];
let left: { readonly demo: Promise<Ended>; readonly server: Promise<Ended> };
let second: Ended;

beforeAll(async () => {
  demo = run(["demo", "--", "--members", "20"], { PORT: String(demoPort) });
  server = run(["start"], { PORT: String(startPort), DATA_DIR: dataDir, ...queueThatIsAway });
  left = { demo: ended(demo), server: ended(server) };
  await until(async () => (await answers(demoPort)) && (await answers(startPort)));
  second = await ended(run(["start"], { PORT: String(demoPort), DATA_DIR: join(tempDir(), "data") }));
}, 240_000);
afterAll(() => {
  demo?.kill();
  server?.kill();
});

test("npm start beside a demo says that the port is in use, in one line, and does not listen", () => {
  const line = `127.0.0.1:${demoPort} is in use; stop what listens there, or set PORT.\n`;
  expect(second).toEqual({ exit: 1, out: "", err: line });
});

test("SIGTERM ends npm start and npm run demo with all that they started, and the port is free", async () => {
  demo?.kill("SIGTERM");
  server?.kill("SIGTERM");
  const [{ exit }, told] = await Promise.all([left.server, left.demo]);
  expect(exit).toBe(0);
  expect([await answers(demoPort), await answers(startPort)]).toEqual([false, false]);
  const [, place = ""] = /^Data directory: (\S+), until/m.exec(told.err) ?? [];
  expect(place).toContain("fanfare-demo-");
  expect(existsSync(place)).toBe(false);
});

test("the first admin token is left in a file for its owner where no person sits at the terminal", async () => {
  const { out } = await left.server;
  const path = join(dataDir, "admin-token");
  expect(readFileSync(path, "utf8")).toMatch(/^ff_op_[\w-]{43}\n$/);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(out).toContain(path);
  expect(out).toContain(`Data directory: ${dataDir}`);
  expect(out).not.toContain("ff_op_");
});

test("no library speaks where the log is, though the queue is away", async () => {
  expect((await left.server).err).toBe("");
});
