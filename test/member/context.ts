import { join } from "node:path";
import type { Context } from "../../src/context.ts";
import { openDatabase, type RootDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { tempDir } from "../support/temp.ts";

/** A shop with an empty database of its own. Its clock stands still until a test moves it. */
export interface Shop {
  readonly ctx: Context;
  readonly db: RootDatabase;
  now: number;
}

export async function openShop(): Promise<Shop> {
  const db = await openDatabase({ url: `file:${join(tempDir(), "fanfare.db")}` });
  await migrate(db);
  const shop = { db, now: Date.parse("2026-06-01T12:00:00Z") };
  const unused = { get: () => Promise.reject(new Error("members need no queue")) };
  const ctx: Context = {
    db,
    redis: undefined,
    queue: new Proxy({}, unused) as Context["queue"],
    settings: {
      publicUrl: "http://localhost",
      shopTimeZone: "Europe/Berlin",
      shopName: "Test",
      pageSize: 1000,
      batchWindow: 200,
      leaseMs: 60_000,
      approvalAbove: 1_000_000,
      limits: {},
      linkSecret: "test",
    },
    clock: () => shop.now,
    random: Math.random,
    log: () => {},
    actor: { kind: "service", id: 1, name: "shop", scopes: ["members:write"] },
  };
  return Object.assign(shop, { ctx });
}
