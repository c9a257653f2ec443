/** Where a campaign is in its life. */
export const campaignStates = ["DRAFT", "IN_REVIEW", "APPROVED", "ACTIVE", "PAUSED", "ENDED", "CANCELLED"] as const;
export type CampaignState = (typeof campaignStates)[number];

/** Where one occurrence of a campaign is in its life. */
export const runStates = [
  "PENDING",
  "IN_REVIEW",
  "RUNNING",
  "PAUSED",
  "COMPLETED",
  "CANCELLING",
  "CANCELLED",
  "FAILED",
] as const;
export type RunState = (typeof runStates)[number];

/** Those in which a run stands still for good, or (FAILED) until its dead letters are replayed. */
export const lastRunStates: readonly RunState[] = ["COMPLETED", "CANCELLED", "FAILED"];
