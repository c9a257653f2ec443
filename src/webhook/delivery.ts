import { and, desc, eq, inArray, lt, type SQL, sql } from "drizzle-orm";
import { type Context, withTransaction } from "../context.ts";
import { inOrder } from "../db/in-order.ts";
import type { Query } from "../db/statement.ts";
import { refuse } from "../errors.ts";
import { enqueue, enqueueEach } from "../queue/outbox.ts";
import { flowOf, flowPrefix, webhookSend } from "./messages.ts";
import { noted } from "./note.ts";
import { type Delivery, type DeliveryState, deliveryTable } from "./table.ts";
import { testType } from "./told.ts";
import { webhooksById } from "./webhook.ts";

/**
 * When it is attempted again after it failed, in seconds from each failure: the schedule that Standard Webhooks gives,
 * over three days.
 */
export const retrySchedule = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;

const timestamp = sql.raw("strftime('%Y-%m-%dT%H:%M:%fZ', e.at / 1000.0, 'unixepoch')");

/**
 * The statements that set events `e`, which `where` selects, on their way to every endpoint that wants them and was
 * there when they happened: a row and a message for each pair, made once.
 */
export function deliverEvents(ctx: Context, where: SQL): Query[] {
  const now = ctx.clock();
  return [
    sql`
      INSERT INTO webhook_delivery (event, webhook, message, type, body, state, due_at, created_at)
      SELECT e.seq, w.id, ${messageId(ctx)} || '_' || e.seq || '_' || w.id, e.type,
        json_object('type', e.type, 'version', e.version, 'timestamp', ${timestamp}, 'data', json(e.data)),
        'PENDING', ${now}, ${now}
      FROM event e CROSS JOIN webhook w WHERE ${where} AND w.enabled = 1 AND w.created_at <= e.at
        AND (w.types IS NULL OR e.type IN (SELECT value FROM json_each(w.types)))
      ORDER BY e.seq
      ON CONFLICT (event, webhook) DO NOTHING`,
    enqueueEach(
      ctx,
      webhookSend,
      {
        key: sql`d.id`,
        payload: sql`json_object('delivery', d.id)`,
        subject: sql`'webhook/' || d.id`,
        flow: sql`${flowPrefix} || d.webhook`,
      },
      sql`event e CROSS JOIN webhook_delivery d ON d.event = e.seq
        WHERE ${where} AND d.state = 'PENDING' AND d.attempts = 0`,
    ),
  ];
}

/** Sends an endpoint a `webhook.test` event, once, whether it is enabled or not. NOT_FOUND where there is none. */
export function testWebhook(ctx: Context, { id }: { id: number }) {
  return withTransaction(ctx, async (tx) => {
    const [webhook] = await webhooksById(tx, [id]);
    if (!webhook) return refuse.notFound("webhook", id);
    const now = tx.clock();
    const body = JSON.stringify({ type: testType, version: 1, timestamp: new Date(now).toISOString(), data: {} });
    const message = messageId(tx);
    const row = { webhook: id, message, type: testType, body, state: "PENDING", dueAt: now, createdAt: now } as const;
    const [made] = await tx.db.orm
      .insert(deliveryTable)
      .values({ ...row, attempts: 0, round: 0 })
      .returning();
    if (!made) throw new Error("the insert answered no delivery");
    await tx.db.write([
      noted(tx, id, "tested"),
      enqueue(tx, [webhookSend.of({ delivery: made.id }, { flow: flowOf(id) })]),
    ]);
    return made;
  });
}

/**
 * Sends what was delivered or failed once more, under the same message id, and tries it as often as a new one.
 * NOT_FOUND where there is none; WRONG_STATE when its endpoint is disabled or gone.
 */
export function resendDelivery(ctx: Context, { id }: { id: number }) {
  return withTransaction(ctx, async (tx) => {
    const [delivery] = await deliveriesById(tx, [id]);
    if (!delivery) return refuse.notFound("delivery", id);
    const [webhook] = await webhooksById(tx, [delivery.webhook]);
    if (!webhook) return refuse.wrongState("Its endpoint was deleted.", "DELETED");
    if (!webhook.enabled) return refuse.wrongState("Its endpoint is disabled; enable it first.", "DISABLED");
    const now = tx.clock();
    const again = { state: "PENDING", round: 0, dueAt: now, endedAt: null } as const;
    const [row] = await tx.db.orm.update(deliveryTable).set(again).where(eq(deliveryTable.id, id)).returning();
    if (!row) return refuse.notFound("delivery", id);
    await tx.db.write([
      noted(tx, webhook.id, `sent delivery ${id} again`),
      enqueue(tx, [webhookSend.of({ delivery: id }, { flow: flowOf(webhook.id) })]),
    ]);
    return row;
  });
}

/** Of one message, or with something behind it of one of many. Receivers get it as `webhook-id`. */
function messageId(ctx: Context): string {
  return `msg_${ctx.id().replaceAll("-", "")}`;
}

/** What an endpoint was or is to be told of, newest first, perhaps only in one state. */
export function listDeliveries(ctx: Context, { webhook, state, after, limit }: ListInput): Promise<Delivery[]> {
  const { id } = deliveryTable;
  return ctx.db.orm
    .select()
    .from(deliveryTable)
    .where(
      and(
        eq(deliveryTable.webhook, webhook),
        state && eq(deliveryTable.state, state),
        after === undefined ? undefined : lt(id, after),
      ),
    )
    .orderBy(desc(id))
    .limit(limit);
}

interface ListInput {
  readonly webhook: number;
  readonly state?: DeliveryState | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

/** The deliveries of these ids in the order asked, `undefined` for those that are not there. */
export async function deliveriesById(ctx: Context, ids: readonly number[]): Promise<(Delivery | undefined)[]> {
  const rows = await ctx.db.orm
    .select()
    .from(deliveryTable)
    .where(inArray(deliveryTable.id, [...ids]));
  return inOrder(ids, rows);
}
