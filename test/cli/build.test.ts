import { beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkout, ended, spawn } from "../support/fanfare.ts";
import { freePort } from "../support/port.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

/** A checkout with next to nothing in it, but the real commands: it prints where it runs from and what it says. */
function smallCheckout() {
  const dir = tempDir();
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  };
  const says = (word: string) => write("src/word.ts", `export const word = "${word}";\n`);
  cpSync(join(checkout, "bin"), join(dir, "bin"), { recursive: true });
  mkdirSync(join(dir, "node_modules/.bin"), { recursive: true });
  symlinkSync(process.execPath, join(dir, "node_modules/.bin/bun"));
  write("src/cli.ts", 'import { word } from "./word.ts";\nconsole.log(import.meta.path.split("/").at(-1), word);\n');
  write("src/db/heavy/reader.ts", "");
  write("package.json", "{}");
  write("bunfig.toml", "");
  says("one");
  const run = async (command: string) => {
    const { out } = await ended(spawn(["sh", "-c", `exec ${dir}/${command}`], {}, tempDir()));
    return out.trim();
  };
  return { dir, write, says, run };
}

test("what bin/build made runs while the sources are just those, and never when they are others", async () => {
  const { dir, write, says, run } = smallCheckout();
  await run("bin/build");
  expect(await run("bin/fanfare")).toBe("cli.js one");
  says("two");
  expect(await run("bin/fanfare")).toBe("cli.ts two");
  says("one");
  expect(await run("bin/fanfare")).toBe("cli.js one");
  write("bun.lock", "other dependencies");
  expect(await run("bin/fanfare")).toBe("cli.ts one");
  const wanted = await run("bin/build --where");
  renameSync(join(dir, "src/db/heavy/reader.ts"), join(dir, "src/db/heavy/moved.ts"));
  expect(await run("bin/build --where")).not.toBe(wanted);
});

test("sources that change while they are read leave nothing that would run", async () => {
  const { dir, run } = smallCheckout();
  const bun = join(dir, "node_modules/.bin/bun");
  renameSync(bun, `${bun}-real`);
  const editing = `#!/bin/sh\n[ "$1" != build ] || echo >> '${dir}/src/word.ts'\nexec '${bun}-real' "$@"\n`;
  writeFileSync(bun, editing, { mode: 0o755 });
  const { exit, err } = await ended(spawn([join(dir, "bin/build")], {}));
  expect([exit, err]).toEqual([1, "The sources changed while bin/build read them: run it again.\n"]);
  expect(await run("bin/fanfare")).toBe("cli.ts one");
});

beforeAll(async () => {
  await ended(spawn([join(checkout, "bin/build")], {})); // it is there, unless somebody edits
}, 60_000);

test("a server of what bin/build made migrates, reads heavily beside itself, and has its playground", async () => {
  const [dataDir, port, brokerPort] = [join(tempDir(), "data"), freePort(), freePort()];
  const env = { DATA_DIR: dataDir, REDIS_URL: "none", LOG_LEVEL: "error", BROKER_PORT: String(brokerPort) };
  const place = (await ended(spawn([join(checkout, "bin/build"), "--where"], {}))).out.trim();
  const server = spawn([join(checkout, "bin/fanfare"), "serve"], {
    ...env,
    PORT: String(port),
    BROKER: "own-process",
  });
  const url = `http://127.0.0.1:${port}`;
  const get = (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, init);
  const answers = (address: string) =>
    fetch(address).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(() => existsSync(join(dataDir, "secrets.json")));
  const broker = spawn([join(checkout, "bin/fanfare"), "broker"], env);
  try {
    await until(() => answers(`${url}/readyz`), 60_000);
    await until(() => existsSync(join(dataDir, "admin-token")));
    const token = readFileSync(join(dataDir, "admin-token"), "utf8").trim();
    const answer = await get("/graphql", {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query: "{ estimateAudience { count } }" }),
    });
    expect(await answer.json()).toEqual({ data: { estimateAudience: { count: 0 } } });
    for (const child of [server, broker]) expect(commandOf(child.pid)).toContain(join(place, "cli.js"));
    expect(childrenOf(server.pid).map(commandOf).join()).toContain(join(place, "reader.js"));
    const signIn = { method: "POST", body: new URLSearchParams({ token }), redirect: "manual" } as const;
    const cookie = (await get("/graphql/sign-in", signIn)).headers.get("set-cookie")?.split(";")[0] ?? "";
    const page = await get("/graphql", { headers: { cookie, accept: "text/html" } });
    expect(await page.text()).toContain("GraphiQL");
  } finally {
    for (const child of [server, broker]) child.kill("SIGTERM");
  }
  expect((await ended(server)).out).toMatch(/listens on .*migrated 0001/s);
  expect(await broker.exited).toBe(0);
}, 60_000);

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}
