import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { countOrders, listOrders, type OrderFilter } from "../../../src/checkout/order/list-orders.ts";
import { type CouponOrder, orderStates, ordersById } from "../../../src/checkout/order/order.ts";
import { openOrders } from "../../support/orders.ts";
import { accepted } from "../../support/shop.ts";

const { db, ctx, time, held, lock } = await openOrders();
afterAll(() => db.close());

let all: CouponOrder[];
beforeAll(async () => {
  const { coupon } = await held([1]);
  const { id } = accepted(await lock([coupon]));
  const { now } = time;
  // Others like it, in every state, some locked in the same moment and some with a lock that is over.
  await db.write([
    sql`
      WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i LIMIT 100)
      INSERT INTO coupon_order (order_id, member, state, revision, cart, quote, pay, locked_at, locked_until)
      SELECT CASE n % 3 WHEN 0 THEN 'web-' ELSE 'till-' END || n, 1 + n % 4,
        CASE n % 5 WHEN 0 THEN 'LOCKED' WHEN 1 THEN 'REDEEMED' WHEN 2 THEN 'REFUNDED' WHEN 3 THEN 'RELEASED'
          ELSE 'EXPIRED' END, n, cart, quote, pay, ${now} - (n * 7) % 100, ${now} - 10 + (n / 5) % 20
      FROM coupon_order, i WHERE id = ${id}`,
  ]);
  const ids = await db.all<{ id: number }>(sql`SELECT id FROM coupon_order`);
  all = (
    await ordersById(
      ctx,
      ids.map(({ id }) => id),
    )
  ).filter((order) => order !== undefined);
});

async function listed(filter: OrderFilter): Promise<string[]> {
  const names: string[] = [];
  let after: number | undefined;
  for (;;) {
    const page = await listOrders(ctx, { ...filter, after, limit: 17 });
    names.push(...page.map(({ orderId }) => orderId));
    after = page.at(-1)?.id;
    if (page.length < 17) return names;
  }
}

/** The same, of all that there is. */
function expected({ member, state, since, until, begins }: OrderFilter): string[] {
  const wanted = all.filter(
    (order) =>
      (member === undefined || order.member === member) &&
      (state === undefined || order.state === state) &&
      (since === undefined || order.lockedAt >= since) &&
      (until === undefined || order.lockedAt < until) &&
      (begins === undefined || order.orderId.startsWith(begins)),
  );
  return wanted.sort((a, b) => b.lockedAt - a.lockedAt || b.id - a.id).map(({ orderId }) => orderId);
}

test("orders are found by member, state, time and how their ids begin, each once, the latest first", async () => {
  const { now } = time;
  const filters: OrderFilter[] = [
    {},
    ...orderStates.map((state) => ({ state })),
    ...orderStates.map((state) => ({ state, member: 2, since: now - 60 })),
    { since: now - 50, until: now - 20 },
    { begins: "web-1" },
    { begins: "web-", member: 1, until: now - 40 },
    { begins: "till-2", state: "EXPIRED" },
    { begins: "%" },
  ];
  for (const filter of filters) {
    const names = expected(filter);
    expect({ filter, names: await listed(filter) }).toEqual({ filter, names });
    expect(await countOrders(ctx, filter)).toBe(names.length);
  }
});
