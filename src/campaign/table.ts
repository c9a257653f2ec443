import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { ChannelName } from "../channels/catalog.ts";
import type { AudienceChoice } from "../member/audience-choice.ts";
import type { ScheduleFacts } from "../schedule/facts.ts";
import type { CampaignKind } from "./action/index.ts";
import type { Content } from "./content/content.ts";
import type { FrozenCampaign, RunReview } from "./frozen-campaign.ts";
import type { LocalTime } from "./local-time.ts";
import type { CampaignState, RunState } from "./state.ts";

/** Every table that campaigns own: nobody else writes to them. */
export const tables = [
  "campaign",
  "run",
  "run_number",
  "page",
  "page_member",
  "run_zone",
  "zone_move",
  "send",
  "tally",
  "funnel",
  "response",
  "batch",
  "inbox",
  "popup",
  "promotion_review",
  "pressure",
  "pressure_policy",
] as const;

export const campaignTable = sqliteTable("campaign", {
  id: integer().primaryKey(),
  /** The number of the shop whose it is; empty: the company's own. */
  shop: text().notNull(),
  name: text().notNull(),
  kind: text().$type<CampaignKind>().notNull(),
  couponTemplate: integer("coupon_template"),
  /** That it announces. */
  promotion: integer(),
  state: text().$type<CampaignState>().notNull(),
  topic: text().notNull(),
  audience: text({ mode: "json" }).$type<AudienceChoice>().notNull(),
  channels: text({ mode: "json" }).$type<readonly ChannelName[]>().notNull(),
  reach: text().$type<"EACH" | "FIRST_REACHABLE">().notNull(),
  content: text({ mode: "json" }).$type<Content>().notNull(),
  transactional: integer({ mode: "boolean" }).notNull(),
  popupPriority: integer("popup_priority").notNull(),
  startsAt: integer("starts_at"),
  endsAt: integer("ends_at"),
  /** When it recurs; null: it begins once. */
  schedule: text({ mode: "json" }).$type<ScheduleFacts>(),
  /** Members are reached when their own clocks show the time; null: all at one moment. */
  localTime: text("local_time", { mode: "json" }).$type<LocalTime>(),
  frozen: text({ mode: "json" }).$type<FrozenCampaign>(),
  /** Of one in review: whoever approves it launches it. */
  launchWhenApproved: integer("launch_when_approved", { mode: "boolean" }).notNull().default(false),
  author: text().notNull(),
  approver: text(),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
  /** A draft that was deleted (ms): read by nobody. */
  deletedAt: integer("deleted_at"),
});

export const runTable = sqliteTable("run", {
  id: integer().primaryKey(),
  campaign: integer().notNull(),
  dueAt: integer("due_at").notNull(),
  state: text().$type<RunState>().notNull(),
  pages: integer().notNull(),
  pagesWritten: integer("pages_written").notNull(),
  planned: integer({ mode: "boolean" }).notNull(),
  matched: integer().notNull(),
  startedAt: integer("started_at"),
  completedAt: integer("completed_at"),
  /** What each member's clock shows when it is the member's turn; null: all at one moment. */
  wall: text(),
  review: text({ mode: "json" }).$type<RunReview>(),
});

export type Campaign = typeof campaignTable.$inferSelect;
export type Run = typeof runTable.$inferSelect;
