import { type Context, withTransaction } from "../../context.ts";
import { refuse } from "../../errors.ts";
import { findCampaign } from "../draft/campaign.ts";
import { hasBegun, takeBackRuns } from "../run/not-begun.ts";
import { type Command, move } from "./move.ts";
import { asDraft } from "./review.ts";

/**
 * Takes a campaign back that was submitted, approved or launched and has not begun: it is a draft again, and what waits
 * for its start does nothing. WRONG_STATE once it has begun: sending is paused or cancelled, not taken back.
 */
export function returnToDraft(ctx: Context, input: Command) {
  return withTransaction(ctx, async (tx) => {
    const campaign = await findCampaign(tx, input.id);
    if (campaign && (await hasBegun(tx, input.id))) {
      return refuse.wrongState("It has begun: pause or cancel it.", campaign.state);
    }
    return move(tx, "returnToDraft", input, [asDraft(input.id), ...takeBackRuns(tx, input.id)]);
  });
}
