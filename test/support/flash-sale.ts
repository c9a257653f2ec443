import { join } from "node:path";
import { sql } from "drizzle-orm";
import { gateState } from "../../src/coupon/gate/gate.ts";
import { reconcileGates } from "../../src/coupon/gate/reconcile.ts";
import type { Database, RootDatabase } from "../../src/db/client.ts";
import { openRedis } from "../../src/redis/client.ts";
import { realWorld } from "../../src/world.ts";
import type { Answered } from "./claim-storm.ts";
import { testContext } from "./graphql.ts";
import type { TestRedis } from "./redis-server.ts";

/** A shop that sells as a process of its own, to be killed; a fifth of what its Redis answers is lost. */
export interface SaleShop {
  readonly url: string;
  kill(): Promise<void>;
}

/** Starts one on a data directory; resolves when it listens. */
export async function spawnSale(
  dataDir: string,
  redisUrl: string,
  { seed, env = {} }: { readonly seed: number; readonly env?: Readonly<Record<string, string>> },
): Promise<SaleShop> {
  const script = join(import.meta.dir, "claim-victim.ts");
  const child = Bun.spawn([process.execPath, script, dataDir, redisUrl, String(seed), JSON.stringify(env)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { value } = await child.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  if (url === "") throw new Error("the shop did not start");
  const kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { url, kill };
}

/** SoldOut while units were left after it all, LimitReached for someone without a coupon. */
export async function falselyRefused(db: Database, template: number, answers: readonly Answered[]) {
  const row = await db.first<{ n: number }>(
    sql`SELECT stock - issued AS n FROM coupon_template WHERE id = ${template}`,
  );
  const limited = answers.filter(({ type }) => type === "LimitReached");
  const refused = JSON.stringify(limited.map(({ member }) => member));
  const holders = await db.all<{ member: number }>(sql`
    SELECT DISTINCT member FROM coupon WHERE member IN (SELECT value FROM json_each(${refused}))`);
  const holding = new Set(holders.map(({ member }) => member));
  const soldOut = row?.n === 0 ? [] : answers.filter(({ type }) => type === "SoldOut");
  return [...soldOut, ...limited.filter(({ member }) => !holding.has(member))];
}

export async function issuedOf(db: Database, template: number): Promise<number> {
  const row = await db.first<{ issued: number }>(sql`SELECT issued FROM coupon_template WHERE id = ${template}`);
  return row?.issued ?? 0;
}

/** Acknowledged claims without a row; each id is that of one coupon. */
export async function lostClaims(db: Database, acknowledged: ReadonlyMap<string, string>): Promise<string[]> {
  const rows = await db.all<{ id: number }>(sql`SELECT id FROM coupon`);
  const kept = new Set(rows.map(({ id }) => id));
  return [...acknowledged.entries()].filter(([, id]) => !kept.has(numberOf(id))).map(([key]) => key);
}

function numberOf(globalId: string): number {
  return Number(Buffer.from(globalId, "base64").toString().split(":").at(-1));
}

/** What the gate says after the reconciler, when all that was under way is decided; none is as good as an empty one. */
export async function mendedGate(db: RootDatabase, redis: TestRedis, template: number) {
  const handle = await openRedis({ kind: "url", url: redis.url }, realWorld, () => {});
  const later = { ...testContext(db), redis: handle.client, clock: () => Date.now() + 60_000 };
  await reconcileGates(later);
  const state = await gateState(handle.client, template);
  await handle.close();
  return state ?? { remaining: 0, pending: 0 };
}
