import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { channels } from "../../src/channels/catalog.ts";
import type { Context } from "../../src/context.ts";
import { openDatabase } from "../../src/db/client.ts";
import { migrate } from "../../src/db/migrate.ts";
import { realWorld } from "../../src/world.ts";
import { testContext } from "./graphql.ts";
import { openShop, runOfCampaign, type Shop } from "./shop.ts";
import { tempDir } from "./temp.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const packed = await Bun.file(join(fixtures, "88e4916.db.zst")).bytes();

/** What the commit that made the fixture read in it, by kind; see `upgrade-readers.ts`. */
export const expected: {
  /** When it was read, ms: a little after the shop had stopped. */
  readonly asOf: number;
  readonly read: Readonly<Record<string, unknown>>;
} = await Bun.file(join(fixtures, "88e4916.json")).json();

/** The shop's. */
const zone = "Europe/Berlin";

/** A data directory with a copy of the fixture. */
async function unpacked(): Promise<string> {
  const dir = join(tempDir(), "data");
  mkdirSync(dir);
  await Bun.write(join(dir, "fanfare.db"), Bun.zstdDecompressSync(packed));
  return dir;
}

export type Fixture = Context & { close(): Promise<void> };

/** A copy of the fixture, migrated, in the moment at which it was read (ms). */
export async function openFixture(asOf: number): Promise<Fixture> {
  const db = await openDatabase({ url: `file:${join(await unpacked(), "fanfare.db")}` }, realWorld);
  await migrate(db, Date.now);
  const context = testContext(db);
  const { EMAIL, SMS, PUSH } = channels;
  const limits = { EMAIL: EMAIL.limits, SMS: SMS.limits, PUSH: PUSH.limits };
  return {
    ...context,
    settings: { ...context.settings, shopTimeZone: zone, limits },
    clock: () => asOf,
    close: () => db.close(),
  };
}

/** A whole Fanfare on a copy of the fixture, whose time goes on from the moment at which it was read. */
export async function openUpgraded(): Promise<Shop> {
  const began = Date.now();
  const clock = () => expected.asOf + Date.now() - began;
  return openShop({ dataDir: await unpacked(), clock, env: { SHOP_TIME_ZONE: zone } });
}

/** The number of what has this name. */
export async function named(ctx: Context, table: "campaign" | "coupon_template", name: string): Promise<number> {
  const row = await ctx.db.first<{ id: number }>(sql`SELECT id FROM ${sql.raw(table)} WHERE name = ${name}`);
  if (!row) throw new Error(`there is no ${table} named ${name}`);
  return row.id;
}

/** The run of the campaign of this name. */
export async function runNamed(ctx: Context, campaign: string): Promise<number> {
  return runOfCampaign(ctx.db, await named(ctx, "campaign", campaign));
}
