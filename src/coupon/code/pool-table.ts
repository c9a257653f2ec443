import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Where a pool's codes come from. */
export const poolSources = ["GENERATED", "UPLOADED"] as const;
export type PoolSource = (typeof poolSources)[number];

export const poolStates = ["FILLING", "PAUSED", "FAILED", "READY", "CANCELLED"] as const;
export type PoolState = (typeof poolStates)[number];

/** Why a row of a file gave no code. */
export const codeFaults = [
  "DUPLICATE",
  "MALFORMED",
  "TOO_SHORT",
  "TOO_LONG",
  "NOT_CSV",
  "TOO_MANY_ROWS",
  "DAMAGED",
] as const;
export type CodeFault = (typeof codeFaults)[number];

/** Pools; the migration says what each column means. */
export const poolTable = sqliteTable("code_pool", {
  id: integer().primaryKey(),
  template: integer().notNull(),
  source: text().$type<PoolSource>().notNull(),
  state: text().$type<PoolState>().notNull(),
  wanted: integer(),
  made: integer().notNull().default(0),
  sinceAt: integer("since_at").notNull(),
  sinceMade: integer("since_made").notNull().default(0),
  file: text(),
  digest: text(),
  rows: integer().notNull().default(0),
  refused: integer().notNull().default(0),
  encoding: text(),
  encodingGuessed: integer("encoding_guessed", { mode: "boolean" }).notNull().default(false),
  createdBy: text("created_by").notNull(),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

export const poolFaultTable = sqliteTable("code_pool_fault", {
  id: integer().primaryKey(),
  pool: integer().notNull(),
  line: integer().notNull(),
  reason: text().$type<CodeFault>().notNull(),
});

export const poolExportTable = sqliteTable("code_pool_export", {
  id: integer().primaryKey(),
  pool: integer().notNull(),
  actor: text().notNull(),
  codes: integer().notNull(),
  at: integer().notNull(),
});

/** A pool of codes as the table has it. */
export type CodePool = typeof poolTable.$inferSelect;
