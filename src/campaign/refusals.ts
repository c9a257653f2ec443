import { refusal } from "../errors.ts";

/** Refuses the launch of a campaign that matches more members than `limit` until someone else has approved it. */
export function needsApproval(limit: number) {
  const message = `It matches more than ${limit} members: another operator has to approve it first.`;
  return refusal("NEEDS_APPROVAL", message, { limit });
}
