import type { Context } from "../../src/context.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";

/** A shop with an empty database of its own. Its clock stands still until a test moves it. */
export interface Shop {
  readonly ctx: Context;
  readonly db: RootDatabase;
  now: number;
}

export async function openShop(): Promise<Shop> {
  const db = await openTestDatabase();
  const shop = { db, now: Date.parse("2026-06-01T12:00:00Z") };
  const actor = { kind: "service", id: 1, name: "shop", scopes: ["members:write"] } as const;
  const ctx: Context = { ...testContext(db, actor), clock: () => shop.now };
  return Object.assign(shop, { ctx });
}
