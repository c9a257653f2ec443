import type { Redis } from "@upstash/redis";
import { sql } from "drizzle-orm";
import type { Context, MemberContext } from "../../src/context.ts";
import { couponsChanged } from "../../src/coupon/cache/sync-cache.ts";
import type { WalletStatus } from "../../src/coupon/cache/wallet-cache.ts";
import type { CouponState } from "../../src/coupon/table.ts";
import { myCoupons } from "../../src/coupon/wallet/wallet.ts";
import type { RootDatabase } from "../../src/db/client.ts";
import { openRedis } from "../../src/redis/client.ts";
import { realWorld } from "../../src/world.ts";
import { addTemplate } from "./coupons.ts";
import { openTestDatabase } from "./database.ts";
import { testContext } from "./graphql.ts";
import { startRedis, type TestRedis } from "./redis-server.ts";
import { addMembers } from "./shop.ts";

/** Members with coupons, on a real database and perhaps a real Redis, with a clock that is moved by hand. */
export interface Wallets {
  readonly ctx: Context;
  readonly db: RootDatabase;
  readonly server: TestRedis | undefined;
  /** How often the database was read through the context. */
  reads(): number;
  /** Holds every read's answer back until the function that it answers is called. */
  holdReads(): () => void;
  as(member: number): MemberContext;
  /** A coupon of a template (of one of its own unless said), as if it had been issued. */
  give(member: number, facts?: { template?: number; validTo?: number | null; heldBudget?: number }): Promise<number>;
  /** Changes the state in the database alone. */
  set(coupon: number, to: CouponState): Promise<void>;
  /** Changes the state, and tells of it. */
  move(member: number, coupon: number, from: CouponState, to: CouponState): Promise<void>;
  /** Ids of a member's coupons, as the member sees them. */
  see(member: number, status: WalletStatus): Promise<number[]>;
  pass(ms: number): void;
  close(): Promise<void>;
}

export interface WalletsOptions {
  /** With one, the wallets are those of a shop whose database is far away, and kept in it. */
  readonly redis?: boolean;
  /** Turns of the event loop that a script waits before it is sent, and again before its answer is heard. */
  readonly turns?: () => number;
}

export async function openWallets({ redis = true, turns }: WalletsOptions = {}): Promise<Wallets> {
  const db = await openTestDatabase();
  const server = redis ? await startRedis() : undefined;
  const handle = server && (await openRedis({ kind: "url", url: server.url }, realWorld));
  const start = Date.now();
  let moved = 0;
  let reads = 0;
  let held: Promise<void> | undefined;
  const answer = async <T>(read: Promise<T>): Promise<T> => {
    reads++;
    const waitsFor = held;
    const rows = await read;
    await waitsFor;
    return rows;
  };
  const orm = new Proxy(db.orm, {
    get: (target, key) => {
      if (key === "select") reads++;
      return Reflect.get(target, key);
    },
  });
  const plain = testContext(db);
  const ctx: Context = {
    ...plain,
    settings: { ...plain.settings, isDatabaseFar: redis },
    db: { ...db, orm, all: (query) => answer(db.all(query)), first: (query) => answer(db.first(query)) },
    redis: handle?.client && (turns ? slowly(handle.client, turns) : handle.client),
    clock: () => start + moved,
  };
  await addMembers(db, 100);
  const set = (coupon: number, to: CouponState) =>
    db.write([sql`UPDATE coupon SET state = ${to} WHERE id = ${coupon}`]).then(() => {});
  const as = (member: number): MemberContext => ({ ...ctx, actor: { kind: "member", seq: member, id: `m_${member}` } });
  return {
    ctx,
    db,
    server,
    reads: () => reads,
    holdReads: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => {
        held = undefined;
        resolve();
      };
    },
    as,
    give: async (member, { template, validTo = null, heldBudget = 0 } = {}) => {
      const of = template ?? (await addTemplate(ctx, { perMember: 100 })).id;
      const [result] = await db.write([
        sql`INSERT INTO coupon (member, template, number, source, held_budget, at, valid_from, valid_to)
            VALUES (${member}, ${of},
              (SELECT count(*) + 1 FROM coupon WHERE member = ${member} AND template = ${of}), 'ISSUE',
            ${heldBudget}, ${ctx.clock()}, 0, ${validTo}) RETURNING id`,
      ]);
      return Number(result?.rows[0]?.id);
    },
    set,
    move: async (member, coupon, from, to) => {
      await set(coupon, to);
      await couponsChanged(ctx, [{ member, coupon, from, to }]);
    },
    see: async (member, status) => (await myCoupons(as(member), { status, limit: 200 })).map(({ id }) => id),
    pass: (ms) => {
      moved += ms;
    },
    close: async () => {
      await handle?.close();
      await server?.stop();
      await db.close();
    },
  };
}

function slowly(redis: Redis, turns: () => number): Redis {
  const wait = async () => {
    for (let n = turns(); n > 0; n--) await new Promise((resolve) => setImmediate(resolve));
  };
  return new Proxy(redis, {
    get: (target, key) => {
      const value = Reflect.get(target, key);
      if (key !== "evalsha") return typeof value === "function" ? value.bind(target) : value;
      return async (...args: Parameters<Redis["evalsha"]>) => {
        await wait();
        const answer = await target.evalsha(...args).catch((error: unknown) => ({ error }));
        await wait();
        if (typeof answer === "object" && answer !== null && "error" in answer) throw answer.error;
        return answer;
      };
    },
  });
}
