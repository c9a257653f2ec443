import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Timing } from "./recurrence/recurrence.ts";

/** The tables of this domain; it alone writes them. */
export const tables = ["schedule", "occurrence", "holiday_list"] as const;

/** What becomes of a time that was missed, because nothing ran when it was due. */
export const misfirePolicies = ["RUN_NOW", "SKIP", "RUN_IF_WITHIN"] as const;
export type MisfirePolicy = (typeof misfirePolicies)[number];

/** What becomes of a time that comes while what the one before set off is still under way. */
export const overlapPolicies = ["SKIP", "QUEUE_ONE", "RUN_BOTH"] as const;
export type OverlapPolicy = (typeof overlapPolicies)[number];

export const scheduleStates = ["ACTIVE", "PAUSED", "ENDED"] as const;
export type ScheduleState = (typeof scheduleStates)[number];

export const occurrenceStates = ["PLANNED", "QUEUED", "FIRED", "SKIPPED", "CANCELLED"] as const;
export type OccurrenceState = (typeof occurrenceStates)[number];

/** Why an occurrence fired as it did, or did not fire; each with what it means. */
export const decisions = {
  ON_TIME: "It fired when it was due.",
  LATE: "It was missed, and fired as soon as it could: the policy for missed times says so.",
  AFTER_OVERLAP: "It waited until what the one before had set off was over.",
  BACKFILLED: "An operator had it made up for.",
  EXCLUDED: "Its day is left out.",
  MISSED: "Nothing ran when it was due, and the policy for missed times leaves it out.",
  SUPERSEDED: "It was missed, and so was a later one, which stands for it.",
  OVERLAPPED: "What the one before had set off was still under way.",
  PAUSED: "The schedule was paused.",
  CHANGED: "The schedule was changed before it came to this one.",
  NOT_ACTIVE: "What it sets off was not active.",
  BY_OPERATOR: "An operator cancelled it.",
} as const;
export type Decision = keyof typeof decisions;

export const scheduleTable = sqliteTable("schedule", {
  id: integer().primaryKey(),
  noun: text().notNull(),
  thing: integer().notNull(),
  shop: text().notNull(),
  name: text().notNull(),
  timing: text({ mode: "json" }).$type<Timing>().notNull(),
  misfire: text().$type<MisfirePolicy>().notNull(),
  withinMs: integer("within_ms"),
  overlap: text().$type<OverlapPolicy>().notNull(),
  /** Its times are due when the first clock on earth shows them. */
  firstClock: integer("first_clock", { mode: "boolean" }).notNull().default(false),
  state: text().$type<ScheduleState>().notNull(),
  note: text(),
  plannedTo: integer("planned_to").notNull(),
  missed: integer().notNull().default(0),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

export const occurrenceTable = sqliteTable("occurrence", {
  id: integer().primaryKey(),
  schedule: integer().notNull(),
  plannedAt: integer("planned_at").notNull(),
  dueAt: integer("due_at").notNull(),
  state: text().$type<OccurrenceState>().notNull(),
  decision: text().$type<Decision>(),
  decidedAt: integer("decided_at"),
});

/** Times are ms. */
export type Schedule = typeof scheduleTable.$inferSelect;
export type Occurrence = typeof occurrenceTable.$inferSelect;
