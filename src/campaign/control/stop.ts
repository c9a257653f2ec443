import { type SQL, sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { readinessOf } from "../action/index.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { cancelCampaign } from "./cancel.ts";

/** A campaign that was stopped, and how far it had come then. */
export interface Stopped {
  readonly campaign: Campaign;
  /** Messages that were out, or may be; on one channel so many members. */
  readonly told: number;
  /** Messages that were in a provider's hands, or on their way there: of these some may still go out. */
  readonly underWay: number;
  /** Messages that will not go out. */
  readonly untold: number;
}

/** What becomes of the campaigns that tell of something that is taken away. */
export const stopChoices = {
  STOP: "They are stopped, as by `cancelCampaign`: within 2 seconds nothing more goes out.",
  KEEP: "Those under way go on. Those that have not begun wait, as long as what they tell of is not there.",
} as const;
export type StopChoice = keyof typeof stopChoices;

/**
 * Stops the campaigns that a condition over `c` selects, of those that were launched, or wait for a second person, and
 * are not over; inside a transaction only. The commit is the stop, whatever is still pending.
 */
export async function stopCampaigns(tx: Context, where: SQL, reason: string) {
  const found = await tx.db.all<{ id: number }>(sql`
    SELECT c.id FROM campaign c
    WHERE (${where}) AND c.state IN ('IN_REVIEW', 'APPROVED', 'ACTIVE', 'PAUSED') ORDER BY c.id`);
  const stopped: Stopped[] = [];
  for (const { id } of found) {
    const campaign = await cancelCampaign(tx, { id, reason });
    if (isRefusal(campaign)) return campaign;
    stopped.push({ campaign: (await findCampaign(tx, id)) ?? campaign, ...(await figuresOf(tx, campaign)) });
  }
  return stopped;
}

/** Off the sums: who was not looked at yet counts as many as were counted when it was launched. */
async function figuresOf(tx: Context, { id, frozen, channels, reach }: Campaign) {
  const figures = await tx.db.first<{ told: number; underWay: number; open: number; matched: number }>(sql`
    SELECT coalesce(sum(t.n) FILTER (WHERE t.state IN ('SENT', 'UNKNOWN')), 0) AS told,
      coalesce(sum(t.n) FILTER (WHERE t.state = 'SENDING'), 0) AS underWay,
      coalesce(sum(t.n) FILTER (WHERE t.state IN ('PENDING', 'CANCELLED')), 0) AS open,
      (SELECT coalesce(sum(matched), 0) FROM run WHERE campaign = ${id}) AS matched
    FROM run r LEFT JOIN tally t ON t.run = r.id AND t.channel <> 'COUPON' WHERE r.campaign = ${id}`);
  const { told = 0, underWay = 0, open = 0, matched = 0 } = figures ?? {};
  const each = reach === "EACH" ? channels.length : Math.min(1, channels.length);
  return { told, underWay, untold: open + Math.max(0, (frozen?.members ?? 0) - matched) * each };
}

/** Stopped campaigns in words, for histories. */
export function describeStopped({ campaign, told, underWay, untold }: Stopped): string {
  return `campaign ${campaign.id} stopped: ${told} told, ${underWay} under way, ${untold} not`;
}

/** Cancels the campaign of a run that will never begin, because what it tells of is over. */
export function cancelOver(ctx: Context, run: number) {
  return withTransaction(ctx, async (tx) => {
    const row = await tx.db.first<{ campaign: number }>(sql`
      SELECT campaign FROM run WHERE id = ${run} AND state = 'PENDING'`);
    const campaign = row && (await findCampaign(tx, row.campaign));
    if (!campaign || (await readinessOf(tx, campaign)) !== "NEVER") return undefined;
    return cancelCampaign(tx, { id: campaign.id, reason: "what it tells of is over" });
  });
}
