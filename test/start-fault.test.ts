import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type App, startApp } from "../src/app.ts";
import { readEnv } from "../src/env.ts";
import { tempDir } from "./support/temp.ts";

type Source = Readonly<Record<string, string>>;

const file = join(tempDir(), "file");
let running: App;
let library: ReturnType<typeof Bun.serve>;
const settings = () => ({ DATA_DIR: tempDir(), PORT: "0", REDIS_URL: "none", LOG_LEVEL: "silent" });
const dataDir = tempDir();
beforeAll(async () => {
  await Bun.write(file, "");
  running = await startApp(readEnv({ ...settings(), DATA_DIR: dataDir }));
  const status = (request: Request) => (request.headers.has("authorization") ? 401 : 404);
  library = Bun.serve({ port: 0, fetch: (request) => new Response(null, { status: status(request) }) });
});
afterAll(async () => {
  await Promise.all([running.stop(), library.stop(true)]);
});

/** What somebody reads who starts Fanfare so. */
async function words(source: Source): Promise<string> {
  try {
    const env = readEnv({ ...settings(), ...source });
    await (await startApp(env)).stop();
  } catch (error) {
    return error instanceof Error && error.name === "SetupError" ? error.message : String(error);
  }
  return "it started";
}

const portOf = (url: string) => new URL(url).port;

test("a port that is taken is said so by its setting: the server's and the queue's, and nobody shares it", async () => {
  const [server, queue] = [portOf(running.url), portOf(running.queue.settings.url)];
  expect(await words({ PORT: server })).toBe(`127.0.0.1:${server} is in use; stop what listens there, or set PORT.`);
  expect(await words({ BROKER_PORT: queue })).toBe(
    `127.0.0.1:${queue} is in use; stop what listens there, or set BROKER_PORT.`,
  );
  expect(await words({ HOST: "no-such-host.invalid" })).toBe("HOST: there is no no-such-host.invalid.");
});

test("a data directory that cannot serve is said so in a line: in use, or nothing that can be written", async () => {
  expect(await words({ DATA_DIR: dataDir })).toBe(
    `${dataDir} is in use: another Fanfare has its queue open; stop that one, or give this one a DATA_DIR.`,
  );
  const notWritten = (dir: string, code: string) =>
    `${dir} cannot be written (${code}); is the disk full or read-only, or another user's?`;
  expect(await words({ DATA_DIR: file })).toBe(notWritten(file, "EEXIST"));
  expect(await words({ DATA_DIR: join(file, "data") })).toBe(notWritten(join(file, "data"), "ENOTDIR"));
});

test("a database that is away, refuses, is another server, or has no directory is said so in a line", async () => {
  const elsewhere = `http://127.0.0.1:${library.port}`;
  expect(await words({ DATABASE_URL: "http://127.0.0.1:1" })).toBe(
    "The database http://127.0.0.1:1 does not answer (ECONNREFUSED); is DATABASE_URL right, and the network up?",
  );
  expect(await words({ DATABASE_URL: elsewhere })).toBe(
    `The database ${elsewhere} does not answer as libSQL does (SERVER_ERROR: Server returned HTTP status 404).`,
  );
  expect(await words({ DATABASE_URL: elsewhere, DATABASE_AUTH_TOKEN: "wrong" })).toBe(
    `The database ${elsewhere} does not take DATABASE_AUTH_TOKEN.`,
  );
  expect(await words({ DATABASE_URL: `file:${file}/x.db` })).toBe(
    `The database ${file}/x.db cannot be opened; is its directory there?`,
  );
});
