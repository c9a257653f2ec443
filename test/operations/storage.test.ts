import { afterAll, expect, test } from "bun:test";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { closeShops, openShop } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const children: Bun.Subprocess[] = [];
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await closeShops();
});

async function ready(url: string) {
  const answer = await fetch(`${url}/readyz`);
  return { status: answer.status, ...(await answer.json()) };
}

/** Tries to make a segment, as an operator would. */
async function makeSegment(url: string, token: string, name: string) {
  const query = `mutation { createSegment(input: { name: "${name}", filter: { level: { gte: 1 } } }) { __typename } }`;
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = await answer.json();
  return {
    status: answer.status,
    made: data?.createSegment?.__typename,
    code: errors?.[0]?.extensions.code,
    said: errors?.[0]?.message,
  };
}

test("a database that is read-only: not ready, with the reason; mutations are told", async () => {
  const shop = await openShop();
  const { url, adminToken = "" } = shop.app;
  expect(await ready(url)).toMatchObject({ status: 200, ready: true, storage: true, reasons: [] });
  await shop.ctx.db.write([sql`PRAGMA query_only = ON`]);
  await until(async () => (await ready(url)).status === 503);
  expect(await ready(url)).toMatchObject({
    storage: false,
    database: true,
    reasons: ["nothing can be kept: its disk is read-only"],
  });
  expect(await makeSegment(url, adminToken, "a")).toMatchObject({
    status: 503,
    code: "STORAGE_UNAVAILABLE",
    said: expect.stringContaining("Nothing can be kept just now: its disk is read-only"),
  });
});

const onSmallDisk = ["unshare", "--map-root-user", "--mount", "sh", "-c"];
const mount = 'mount -t tmpfs -o size=16m tmpfs "$1"';
const canMount = Bun.spawnSync([...onSmallDisk, mount, "sh", tempDir()], { stderr: "ignore" }).success;

/** A Fanfare on a small disk of its own. */
async function onItsOwnDisk() {
  const dir = tempDir();
  const main = join(import.meta.dir, "../../src/main.ts");
  const child = Bun.spawn(
    [...onSmallDisk, `${mount} && DATA_DIR="$1" exec "$2" "$3"`, "sh", dir, process.execPath, main],
    {
      env: { PATH: process.env.PATH, PORT: "0", REDIS_URL: "none", LOG_LEVEL: "silent" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  children.push(child);
  let said = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (said.includes("ff_op_")) break;
  }
  const [, url = ""] = /listens on (\S+)/.exec(said) ?? [];
  return { url, token: /ff_op_\S+/.exec(said)?.[0] ?? "", disk: `/proc/${child.pid}/root${dir}` };
}

/** Leaves no byte free. */
function fill(path: string): void {
  const file = openSync(path, "w");
  for (const size of [65_536, 4_096, 1]) {
    try {
      for (;;) writeSync(file, new Uint8Array(size));
    } catch {
      // and now smaller
    }
  }
  closeSync(file);
}

test.skipIf(!canMount)(
  "a full disk: not ready, with the reason; mutations are told; with room again all is well",
  async () => {
    const { url, token, disk } = await onItsOwnDisk();
    expect(await ready(url)).toMatchObject({ status: 200 });
    fill(join(disk, "filler"));
    await until(async () => (await ready(url)).status === 503);
    expect(await ready(url)).toMatchObject({ storage: false, reasons: ["nothing can be kept: its disk is full"] });
    const refused = await until(async () => {
      const answer = await makeSegment(url, token, `s${Math.random()}`); // until what was set aside is used up
      return answer.status !== 200 && answer;
    });
    expect(refused).toMatchObject({
      status: 503,
      code: "STORAGE_UNAVAILABLE",
      said: expect.stringContaining("disk is full"),
    });
    rmSync(join(disk, "filler"));
    await until(async () => (await ready(url)).status === 200);
    expect(await makeSegment(url, token, "again")).toMatchObject({ status: 200, made: "Segment" });
  },
);
