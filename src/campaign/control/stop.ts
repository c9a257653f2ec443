import { type SQL, sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { isRefusal } from "../../errors.ts";
import { mayName, shopOf } from "../../shop.ts";
import { auditDeed } from "../../transition/audit.ts";
import { readinessOf } from "../action/index.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { cancelAny, cancelCampaign } from "./cancel.ts";

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
 * are not over, whosever they are; inside a transaction only. The commit is the stop, whatever is still pending.
 */
export async function stopCampaigns(tx: Context, where: SQL, reason: string) {
  const found = await tx.db.all<{ id: number }>(sql`
    SELECT c.id FROM campaign c
    WHERE (${where}) AND c.state IN ('IN_REVIEW', 'APPROVED', 'ACTIVE', 'PAUSED') ORDER BY c.id`);
  const stopped: Stopped[] = [];
  for (const { id } of found) {
    const campaign = await cancelAny(tx, { id, reason });
    if (isRefusal(campaign)) return campaign;
    stopped.push({ campaign, ...(await figuresOf(tx, campaign)) });
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

/** Of what was stopped what the actor is told of. */
export function toldToActor(ctx: Context, stopped: readonly Stopped[]): Stopped[] {
  return stopped.filter(({ campaign }) => mayName(shopOf(ctx), campaign.shop));
}

/**
 * The statement that writes into the history of something, which belongs to what `shop` answers, how far a campaign had
 * come; unless that is not its to know of.
 */
export function noteStopped(ctx: Context, { subject, shop }: { subject: string; shop: SQL }, reason: string) {
  return ({ campaign, told, underWay, untold }: Stopped): Query => {
    const words = `campaign ${campaign.id} stopped: ${told} told, ${underWay} under way, ${untold} not`;
    return auditDeed(ctx, subject, words, sql`${shop} IN ('', ${campaign.shop})`, reason);
  };
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
