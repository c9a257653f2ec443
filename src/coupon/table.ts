import { getTableColumns, type SQL, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import type { TemplateApproval } from "./template-approval.ts";

/** The tables that coupons own: whoever else writes them does it through a verb or a statement of theirs. */
export const tables = [
  "code_pool",
  "code_pool_export",
  "code_pool_fault",
  "coupon",
  "coupon_gate",
  "coupon_gate_turn",
  "coupon_notice",
  "coupon_notice_policy",
  "coupon_reminder",
  "coupon_take_back",
  "coupon_counts",
  "coupon_template",
  "coupon_void",
  "pool_code",
] as const;

/** How members come by a coupon. */
export const issueModes = ["SELF_CLAIM", "SYSTEM", "CODE"] as const;
export type IssueMode = (typeof issueModes)[number];

/** Whether coupons carry codes: made when one is claimed, or taken from a pool made before. */
export const codeModes = ["NONE", "ON_CLAIM", "POOL"] as const;
export type CodeMode = (typeof codeModes)[number];

export const templateStates = ["DRAFT", "ACTIVE", "SOLD_OUT", "ENDED", "WITHDRAWN"] as const;
export type TemplateState = (typeof templateStates)[number];

export const couponStates = ["AVAILABLE", "LOCKED", "USED", "EXPIRED", "WITHDRAWN"] as const;
export type CouponState = (typeof couponStates)[number];

/** Templates; the migration says what each column means. */
export const templateTable = sqliteTable("coupon_template", {
  id: integer().primaryKey(),
  name: text().notNull(),
  shop: text().notNull().default(""),
  kind: text().notNull(),
  params: text({ mode: "json" }).$type<unknown>().notNull(),
  currency: text().notNull(),
  conditions: text({ mode: "json" }).$type<unknown>().notNull(),
  stacking: text({ mode: "json" }).$type<unknown>().notNull(),
  issueMode: text("issue_mode").$type<IssueMode>().notNull(),
  codeMode: text("code_mode").$type<CodeMode>().notNull().default("NONE"),
  codePrefix: text("code_prefix").notNull().default(""),
  eligibility: text({ mode: "json" }).$type<unknown>(),
  perMember: integer("per_member").notNull().default(1),
  stock: integer(),
  issued: integer().notNull().default(0),
  claimed: integer().notNull().default(0),
  budget: integer(),
  maxDiscount: integer("max_discount"),
  reserved: integer().notNull().default(0),
  spent: integer().notNull().default(0),
  opensAt: integer("opens_at"),
  closesAt: integer("closes_at"),
  validFrom: integer("valid_from"),
  validTo: integer("valid_to"),
  validDays: integer("valid_days"),
  validHours: integer("valid_hours"),
  activeUrl: text("active_url"),
  state: text().$type<TemplateState>().notNull(),
  /** What a second person approved; see `template/approval.ts`. */
  approval: text({ mode: "json" }).$type<TemplateApproval>(),
  recurrence: text({ mode: "json" }).$type<unknown>(),
  recurringTemplate: integer("recurring_template"),
  occursAt: integer("occurs_at"),
  createdBy: text("created_by").notNull(),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

/** Coupons that members hold or held. */
export const couponTable = sqliteTable("coupon", {
  id: integer().primaryKey(),
  member: integer().notNull(),
  template: integer().notNull(),
  number: integer().notNull(),
  source: text().notNull(),
  token: text(),
  asked: text(),
  code: text(),
  state: text().$type<CouponState>().notNull().default("AVAILABLE"),
  heldBudget: integer("held_budget").notNull().default(0),
  at: integer().notNull(),
  validFrom: integer("valid_from").notNull(),
  validTo: integer("valid_to"),
  orderId: text("order_id"),
  lockedUntil: integer("locked_until"),
  usedAt: integer("used_at"),
  discount: integer(),
});

/** A template as the table has it. */
export type CouponTemplate = typeof templateTable.$inferSelect;
/** A coupon as the table has it. */
export type Coupon = typeof couponTable.$inferSelect;

const columns = Object.entries(getTableColumns(couponTable)).map(([name, column]) => ({
  name,
  column: `coupon.${column.name}`,
}));

/** The columns of a {@link Coupon}, for statements whose text is made once: as they are kept, nothing is to be read. */
export const couponColumns: SQL = sql.raw(columns.map(({ name, column }) => `${column} AS "${name}"`).join(", "));

/** All rows of a query as one JSON list of {@link Coupon}: so many columns cost less to parse than to fetch. */
export const couponsInOne: SQL = sql.raw(
  `json_group_array(json_object(${columns.map(({ name, column }) => `'${name}', ${column}`).join(", ")}))`,
);

/** The same, read back from where it was written as JSON or selected by hand. */
export const CouponRow = z.object({
  id: z.int(),
  member: z.int(),
  template: z.int(),
  number: z.int(),
  source: z.string(),
  token: z.string().nullable(),
  /** Wallets in Redis may be older than it. */
  asked: z.string().nullable().default(null),
  code: z.string().nullable(),
  state: z.enum(couponStates),
  heldBudget: z.int(),
  at: z.int(),
  validFrom: z.int(),
  validTo: z.int().nullable(),
  orderId: z.string().nullable(),
  lockedUntil: z.int().nullable(),
  usedAt: z.int().nullable(),
  discount: z.int().nullable(),
}) satisfies z.ZodType<Coupon>;
