import { type Context, withTransaction } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { refuse } from "../../errors.ts";
import { findCampaign } from "../draft/campaign.ts";
import { type Move, moveCampaign, transitions } from "../draft/transitions.ts";

/** What operators say with every command. */
export interface Command {
  readonly id: number;
  /** Why, in the operator's words; kept in the log. */
  readonly reason?: string | undefined;
}

/** Moves a campaign, and `also` does what belongs to it; WRONG_STATE where the move may not start from its state. */
export async function move(ctx: Context, name: Move, input: Command, also: readonly Query[] = []) {
  return withTransaction(ctx, async (tx) => {
    const results = await tx.db.write(moveCampaign(tx, name, input.id, input.reason));
    const campaign = await findCampaign(tx, input.id);
    if (!campaign) return refuse.notFound("campaign", input.id);
    if (results.at(-1)?.rowsAffected !== 1) {
      return refuse.wrongState(
        `${name} needs a campaign that is ${transitions[name].from.join(" or ")}; this one is ${campaign.state}.`,
        campaign.state,
      );
    }
    await tx.db.write([...also]);
    return campaign;
  });
}
