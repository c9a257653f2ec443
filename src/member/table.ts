import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { channelNames, pushNames } from "../channels/catalog.ts";

/** The tables of this domain; it alone writes them. */
export const tables = [
  "member",
  "member_tag",
  "push_token",
  "consent",
  "suppression",
  "address_no",
  "segment",
  "import_task",
  "import_fault",
] as const;

/** Members; the migration says what each column means. */
export const member = sqliteTable("member", {
  seq: integer().primaryKey(),
  id: text().notNull(),
  externalId: text("external_id").notNull(),
  name: text(),
  email: text(),
  phone: text(),
  locale: text().notNull().default("en"),
  timeZone: text("time_zone"),
  accountType: text("account_type").notNull().default("personal"),
  level: integer().notNull().default(0),
  consecutiveActiveDays: integer("consecutive_active_days").notNull().default(0),
  activeDaysLastMonth: integer("active_days_last_month").notNull().default(0),
  totalSpend: integer("total_spend").notNull().default(0),
  points: integer().notNull().default(0),
  birthday: text(),
  registeredAt: integer("registered_at").notNull(),
  membershipEndsAt: integer("membership_ends_at"),
  lastActiveAt: integer("last_active_at"),
  attributes: text().notNull().default("{}"),
  control: integer().notNull().default(0),
  updatedAt: integer("updated_at").notNull(),
  deletedAt: integer("deleted_at"),
});

export const memberTag = sqliteTable("member_tag", { member: integer().notNull(), tag: text().notNull() }, (t) => [
  primaryKey({ columns: [t.member, t.tag] }),
]);

export const pushToken = sqliteTable("push_token", {
  token: text().primaryKey(),
  member: integer().notNull(),
  addedAt: integer("added_at").notNull(),
  /** The channel whose provider gave it out. */
  channel: text({ enum: pushNames }).notNull(),
});

/** What counts of a member's words; the columns that are written are in `consent-word.ts`. */
export const consent = sqliteTable(
  "consent",
  {
    member: integer().notNull(),
    channel: text({ enum: channelNames }).notNull(),
    topic: text().notNull(),
    granted: integer({ mode: "boolean" }).notNull(),
    source: text().notNull(),
    at: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.member, t.channel, t.topic] })],
);

export const segment = sqliteTable("segment", {
  id: integer().primaryKey(),
  /** The number of the shop whose it is; empty: the company's own. */
  shop: text().notNull(),
  name: text().notNull(),
  filter: text({ mode: "json" }).notNull(),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

export const importTask = sqliteTable("import_task", {
  id: integer().primaryKey(),
  name: text().notNull(),
  digest: text().notNull(),
  state: text({ enum: ["running", "done", "failed"] }).notNull(),
  rows: integer().notNull().default(0),
  created: integer().notNull().default(0),
  updated: integer().notNull().default(0),
  unchanged: integer().notNull().default(0),
  faulty: integer().notNull().default(0),
  faults: integer().notNull().default(0),
  encoding: text(),
  encodingGuessed: integer("encoding_guessed", { mode: "boolean" }).notNull().default(false),
  startedAt: integer("started_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

export const importFault = sqliteTable("import_fault", {
  id: integer().primaryKey(),
  task: integer().notNull(),
  row: integer().notNull(),
  column: integer(),
  message: text().notNull(),
});

/** A member as the domain hands it out. Times are milliseconds, money is minor units, the birthday is `YYYY-MM-DD`. */
export type Member = Omit<typeof member.$inferSelect, "attributes" | "control"> & {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly control: boolean;
};

/** The row that {@link memberColumns} selects. */
export type MemberRow = typeof member.$inferSelect;

/** The columns of `member m` under the names of {@link MemberRow}. */
export const memberColumns: SQL = sql.raw(
  Object.entries(getTableColumns(member))
    .map(([name, column]) => `m.${column.name} AS "${name}"`)
    .join(", "),
);

/** The same row as one JSON value, for lists inside a row. */
export const memberJson: SQL = sql.raw(
  `json_object(${Object.entries(getTableColumns(member))
    .map(([name, column]) => `'${name}', m.${column.name}`)
    .join(", ")})`,
);

/** The member that a row holds. */
export function memberOf(row: MemberRow): Member {
  return { ...row, attributes: JSON.parse(row.attributes), control: row.control !== 0 };
}
