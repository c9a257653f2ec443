import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { startHrana } from "../support/hrana.ts";
import { tempDir } from "../support/temp.ts";

const server = await startHrana(join(tempDir(), "remote.db"), { authToken: "sesame" });
const client = createClient({ url: server.url, authToken: "sesame", intMode: "bigint" });
afterAll(async () => {
  client.close();
  await server.stop();
});

beforeEach(async () => {
  await client.executeMultiple(`
    DROP TABLE IF EXISTS thing;
    CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n INTEGER CHECK (n IS NULL OR n >= 0));
  `);
});

const count = async () => (await client.execute("SELECT count(*) FROM thing")).rows[0]?.[0];

describe("the protocol", () => {
  const post = async (body: object) => {
    const response = await fetch(`${server.url}/v3/pipeline`, {
      method: "POST",
      headers: { authorization: "Bearer sesame" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json().catch(() => undefined) };
  };

  test("takes a baton once", async () => {
    const { body } = await post({ requests: [{ type: "get_autocommit" }] });
    expect(body.results).toEqual([{ type: "ok", response: { type: "get_autocommit", is_autocommit: true } }]);
    expect((await post({ baton: body.baton, requests: [{ type: "close" }] })).body.baton).toBeNull();
    expect((await post({ baton: body.baton, requests: [] })).status).toBe(400);
  });

  test("describes a statement without running it", async () => {
    const sql = "INSERT INTO thing (name, n) VALUES (:name, ?) RETURNING id AS made";
    const { body } = await post({ requests: [{ type: "describe", sql }, { type: "close" }] });
    expect(body.results[0].response.result).toEqual({
      params: [{ name: ":name" }, { name: null }],
      cols: [{ name: "made", decltype: "INTEGER" }],
      is_explain: false,
      is_readonly: false,
    });
    expect(await count()).toBe(0n);
  });

  test("runs a script up to its first fault", async () => {
    await expect(
      client.executeMultiple(
        "INSERT INTO thing (n) VALUES (1); INSERT INTO thing (n) VALUES (-1); INSERT INTO thing (n) VALUES (2)",
      ),
    ).rejects.toThrow("CHECK");
    expect(await count()).toBe(1n);
  });
});
