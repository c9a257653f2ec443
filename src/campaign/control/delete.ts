import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { auditDeed, subjectOf } from "../../transition/audit.ts";
import { findCampaign } from "../draft/campaign.ts";
import type { Command } from "./move.ts";

/**
 * Deletes a draft, and answers what it was. Nobody reads it any more; its number stays taken, and its history kept.
 * WRONG_STATE for anything else: what has not begun is taken back to be a draft first, and what has is ended by
 * cancelling it.
 */
export function deleteCampaign(ctx: Context, { id, reason }: Command) {
  return withTransaction(ctx, async (tx) => {
    const campaign = await findCampaign(tx, id);
    if (!campaign) return refuse.notFound("campaign", id);
    const { state } = campaign;
    // Over like one that was cancelled, so that nothing that looks for drafts takes it up.
    const [deleted] = await tx.db.write([
      sql`
        UPDATE campaign SET state = 'CANCELLED', deleted_at = ${tx.clock()},
          audience = '{"everyone":true}', content = '{}'
        WHERE id = ${id} AND state = 'DRAFT'`,
    ]);
    if (deleted?.rowsAffected !== 1) {
      return refuse.wrongState(
        `Only a draft is deleted; this one is ${state}: return it to draft, or cancel it.`,
        state,
      );
    }
    await tx.db.write([auditDeed(tx, subjectOf("campaign", id), "deleted", sql`1`, reason)]);
    return campaign;
  });
}
