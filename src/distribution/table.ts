/** The tables that distributions own. */
export const tables = [
  "distribution",
  "distribution_piece",
  "distribution_upload",
  "distribution_block",
  "distribution_given",
  "distribution_left_out",
  "distribution_count",
] as const;

export const distributionStates = [
  "UPLOADED",
  "VALIDATING",
  "READY",
  "RUNNING",
  "PAUSED",
  "COMPLETED",
  "FAILED",
  "CANCELLED",
] as const;
export type DistributionState = (typeof distributionStates)[number];

/** What becomes of a row, in the order in which it is decided; of several that could be said the first is true. */
export const outcomes = [
  "INVALID",
  "UNKNOWN_MEMBER",
  "DUPLICATE",
  "ALREADY_HELD",
  "NOT_ELIGIBLE",
  "OUT_OF_STOCK",
  "ISSUED",
] as const;
export type Outcome = (typeof outcomes)[number];

/** Why it was that outcome, where it has several causes. */
export const causes = [
  /** INVALID: the row is no row, or a cell cannot be read. */
  "UNREADABLE",
  /** INVALID: no cell names a member. */
  "NOBODY_NAMED",
  /** INVALID: the address or number is that of several members. */
  "SEVERAL_MEMBERS",
  /** INVALID: the database refused this very row. */
  "NOT_WRITTEN",
  /** ALREADY_HELD: by this row's chain of follow-ups; else from anywhere. */
  "ISSUED_BEFORE",
  "LIMIT_REACHED",
  /** NOT_ELIGIBLE: the template is for others, or nothing of it is given any more. */
  "FOR_OTHERS",
  "ENDED",
  /** OUT_OF_STOCK */
  "SOLD_OUT",
  "BUDGET_SPENT",
] as const;
export type Cause = (typeof causes)[number];
