import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The tables of this domain; it alone writes them. */
export const tables = ["webhook", "webhook_delivery"] as const;

export const webhookTable = sqliteTable("webhook", {
  id: integer().primaryKey({ autoIncrement: true }),
  url: text().notNull(),
  description: text().notNull(),
  types: text({ mode: "json" }).$type<readonly string[]>(),
  secret: text().notNull(),
  oldSecret: text("old_secret"),
  oldUntil: integer("old_until"),
  enabled: integer({ mode: "boolean" }).notNull(),
  failingSince: integer("failing_since"),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
  deletedAt: integer("deleted_at"),
});

export const deliveryStates = ["PENDING", "DONE", "FAILED"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export const deliveryTable = sqliteTable("webhook_delivery", {
  id: integer().primaryKey({ autoIncrement: true }),
  event: integer(),
  webhook: integer().notNull(),
  message: text().notNull(),
  type: text().notNull(),
  body: text().notNull(),
  state: text({ enum: deliveryStates }).notNull(),
  attempts: integer().notNull(),
  round: integer().notNull(),
  status: integer(),
  error: text(),
  answer: text(),
  dueAt: integer("due_at").notNull(),
  createdAt: integer("created_at").notNull(),
  endedAt: integer("ended_at"),
});

/** An endpoint as it may be shown: without what it signs with. Times are milliseconds. */
export type Webhook = Omit<typeof webhookTable.$inferSelect, "secret" | "oldSecret" | "deletedAt">;
/** One event on its way to one endpoint. */
export type Delivery = typeof deliveryTable.$inferSelect;
