import { type SQL, sql } from "drizzle-orm";
import type { Context } from "../../../src/context.ts";
import { toldTypes } from "../../../src/webhook/told.ts";
import type { Checker } from "../actor.ts";
import { endpoints } from "../actors/receiver.ts";

interface Delivery {
  readonly id: number;
  readonly webhook: number;
  readonly url: string;
  readonly message: string;
  readonly state: string;
}

/** What came is signed and the same each time; what counts as taken was; what was wanted is done or has its time. */
export const webhooks: Checker = {
  name: "I13 webhooks",
  async always(world) {
    const heard = world
      .known(endpoints)
      .flatMap(({ url, faults }) => faults.splice(0).map((fault) => `${url}: ${fault}`));
    if (!world.ctx) return heard;
    const done = await deliveries(world.ctx.db, sql`d.state = 'DONE'`);
    const taken = new Map(world.known(endpoints).map((endpoint) => [endpoint.url, endpoint.taken]));
    const lost = done.filter(({ url, message }) => !taken.get(url)?.has(message));
    return [
      ...heard,
      ...lost.map(({ id, url, message }) => `delivery ${id}, ${message}, is DONE, and never came to ${url}`),
    ];
  },
  async atEnd({ ctx, now }) {
    if (!ctx) return [];
    const late = await deliveries(ctx.db, sql`d.state = 'PENDING' AND d.due_at < ${now() - 15 * 60_000}`);
    const forgotten = await ctx.db.all<{ seq: number; type: string; webhook: number }>(sql`
      SELECT e.seq, e.type, w.id AS webhook FROM event e CROSS JOIN webhook w
      JOIN consumer c ON c.name = 'webhooks' AND e.seq <= c.cursor
      WHERE w.created_at <= e.at AND w.enabled = 1 AND w.deleted_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = 'webhook/' || w.id AND a.what <> 'created')
        AND e.type IN (SELECT value FROM json_each(${JSON.stringify(toldTypes(ctx))}))
        AND (w.types IS NULL OR e.type IN (SELECT value FROM json_each(w.types)))
        AND NOT EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.event = e.seq AND d.webhook = w.id)
        AND NOT EXISTS (SELECT 1 FROM parked_range p
          WHERE p.consumer = 'webhooks' AND e.seq BETWEEN p.from_seq AND p.to_seq)`);
    return [
      ...late.map(({ id, url }) => `delivery ${id} to ${url} was due long ago, and is PENDING`),
      ...forgotten.map(({ seq, type, webhook }) => `event ${seq} (${type}) was never on its way to webhook ${webhook}`),
    ];
  },
};

function deliveries(db: Context["db"], where: SQL): Promise<Delivery[]> {
  return db.all<Delivery>(sql`
    SELECT d.id, d.webhook, w.url, d.message, d.state FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook
    WHERE ${where} AND w.deleted_at IS NULL`);
}
