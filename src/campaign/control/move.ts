import { type Context, withTransaction } from "../../context.ts";
import type { Query } from "../../db/statement.ts";
import { refuse } from "../../errors.ts";
import { anyCampaign, findCampaign } from "../draft/campaign.ts";
import { type Move, moveCampaign, transitions } from "../draft/transitions.ts";
import type { CampaignState } from "../state.ts";

/** What operators say with every command. */
export interface Command {
  readonly id: number;
  /** Why, in the operator's words; kept in the log. */
  readonly reason?: string | undefined;
}

/** Moves a campaign, and `also` does what belongs to it; WRONG_STATE where the move may not start from its state. */
export async function move(ctx: Context, name: Move, input: Command, also: readonly Query[] = []) {
  return withTransaction(ctx, async (tx) => {
    const campaign = await findCampaign(tx, input.id);
    return campaign ? moveAny(tx, name, input, also) : refuse.notFound("campaign", input.id);
  });
}

/** The same of one that the actor need not know of, inside a transaction. */
export async function moveAny(tx: Context, name: Move, input: Command, also: readonly Query[] = []) {
  const results = await tx.db.write(moveCampaign(tx, name, input.id, input.reason));
  const campaign = await anyCampaign(tx, input.id);
  if (!campaign) return refuse.notFound("campaign", input.id);
  if (results.at(-1)?.rowsAffected !== 1) return notMovable(name, campaign.state);
  if (also.length === 0) return campaign;
  await tx.db.write([...also]);
  return (await anyCampaign(tx, input.id)) ?? campaign;
}

/** Refuses a move that may not start from a campaign's state. */
export function notMovable(name: Move, state: CampaignState) {
  const from = transitions[name].from.join(" or ");
  return refuse.wrongState(`${name} needs a campaign that is ${from}; this one is ${state}.`, state);
}
