import { expect, test } from "bun:test";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { GraphQLError } from "graphql";
import Libsql from "libsql";
import { openDatabase } from "../../src/db/client.ts";
import { whyUnkept } from "../../src/errors.ts";
import { shapeResult } from "../../src/schema/server/error-shape.ts";
import { realWorld } from "../../src/world.ts";
import { tempDir } from "../support/temp.ts";

test("a database that another process holds for longer than anyone waits is an outage, not a bug of ours", async () => {
  const path = join(tempDir(), "held.db");
  let now = 0;
  const hurried = { ...realWorld.timers, now: () => (now += 20_000), sleep: async () => {} };
  const db = await openDatabase({ url: `file:${path}` }, { ...realWorld, timers: hurried });
  const other = new Libsql(path);
  other.exec("BEGIN IMMEDIATE");
  const fault = await db.write([sql`CREATE TABLE t (a)`]).catch((error: unknown) => error);
  expect(whyUnkept(fault)).toBe("another process holds its database");
  const originalError = fault instanceof Error ? fault : null;
  const errors = [new GraphQLError("as it was thrown", { originalError })];
  const { errors: told } = shapeResult({ errors }, { requestId: "r", report: () => {}, hints: false });
  expect(told?.[0]?.extensions).toMatchObject({ code: "STORAGE_UNAVAILABLE", http: { status: 503 } });
  other.close();
  await db.close();
});
