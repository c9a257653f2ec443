import { refuse } from "../errors.ts";

/** Refuses the launch of a campaign that matches more members than `limit` until someone else has approved it. */
export function needsApproval(limit: number) {
  return refuse.needsApproval(
    `It matches more than ${limit} members: another operator has to approve it first.`,
    limit,
  );
}
