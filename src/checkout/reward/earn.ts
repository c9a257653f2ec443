import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { field, rows } from "../../db/bulk.ts";
import type { Query } from "../../db/statement.ts";
import { enqueue, enqueueEach } from "../../queue/outbox.ts";
import { orderReward } from "../messages.ts";
import type { StillEarned } from "./reckon.ts";

/** An order as it was read, and what it earns. */
export interface Earning {
  /** The number of its row. */
  readonly order: number;
  readonly revision: string;
  readonly redeemedAt: number;
  readonly earned: readonly StillEarned[];
}

/**
 * The statements that write down what orders earn, to be given, and leave a message for each order that earns anything.
 * `o` is the order; they hold for orders that are as they were read and for which `where` is true.
 */
export function earnStatements(ctx: Context, earnings: readonly Earning[], where: SQL): Query[] {
  const earning = earnings.filter(({ earned }) => earned.length > 0);
  if (earning.length === 0) return [];
  return [
    insert(ctx, earning, asRead(where)),
    enqueueEach(
      ctx,
      orderReward,
      {
        key: sql`o.id`,
        payload: sql`json_object('order', o.id)`,
        subject: sql`'order-reward/' || o.id`,
      },
      sql`${rows(earning.map(({ order, revision }) => ({ order, revision })))} ${asRead(where)}`,
    ),
  ];
}

/** The statement alone, for whoever is in the order's message already. */
export function earnStatement(ctx: Context, earning: Earning, where: SQL): Query {
  return insert(ctx, [earning], asRead(where));
}

/** Of the orders that are listed, those that are as they were read. */
function asRead(where: SQL): SQL {
  return sql`CROSS JOIN coupon_order o ON o.id = ${field("order")} AND o.revision = ${field("revision")}
    WHERE ${where}`;
}

function insert(ctx: Context, earnings: readonly Earning[], orders: SQL): Query {
  const now = ctx.clock();
  const list = earnings.flatMap(({ order, revision, redeemedAt, earned }) =>
    earned.map((each) => {
      // Numbers of rows may come again after the newest are forgotten; no other order was redeemed under it then.
      const key = `order/${order}/${redeemedAt}/${each.promotion}/${each.spend}`;
      return { order, revision, key, ...each };
    }),
  );
  return sql`
    INSERT INTO order_reward
      (coupon_order, shop, promotion, spend, name, kind, terms, key, state, due_at, created_at, changed_at)
    SELECT o.id, o.shop, ${field("promotion")}, ${field("spend")}, ${field("name")}, ${field("kind")},
      ${sql.raw("(value -> 'terms')")}, ${field("key")}, 'PENDING', ${now}, ${now}, ${now}
    FROM ${rows(list)} ${orders}
    ON CONFLICT DO NOTHING`;
}

/**
 * The statements that begin to take back what an order does no longer earn, where `holds`, the order's own word, is
 * true; what was used already is left. They leave a message where there is anything to take.
 */
export function takeStatements(ctx: Context, order: number, earned: readonly StillEarned[], holds: SQL): Query[] {
  const now = ctx.clock();
  const unearned = sql`coupon_order = ${order} AND NOT EXISTS (
    SELECT 1 FROM ${rows(earned)} WHERE ${field("promotion")} = promotion AND ${field("spend")} = spend) AND ${holds}`;
  return [
    sql`
      UPDATE order_reward SET state = 'TAKING', due_at = ${now}, parked_at = NULL, changed_at = ${now}
      WHERE state IN ('PENDING', 'GIVEN', 'REFUSED') AND ${unearned}`,
    enqueue(
      ctx,
      [orderReward.of({ order })],
      sql`${holds} AND EXISTS (SELECT 1 FROM order_reward WHERE coupon_order = ${order} AND state = 'TAKING')`,
    ),
  ];
}
