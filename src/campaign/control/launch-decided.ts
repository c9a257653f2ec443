import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { versionsOf } from "../../transition/revision.ts";
import { keepFrozen } from "../approval/freeze.ts";
import { offerOf } from "../approval/subjects.ts";
import { createCampaign, type NewCampaign } from "../draft/campaign.ts";
import { moveCampaign } from "../draft/transitions.ts";
import { goLive } from "./launch.ts";

/**
 * Launches what somebody approved of beforehand, by a policy: makes the campaign and has it begin at once, whatever the
 * number of its members, inside the transaction that decides on it. What keeps it from that was asked before.
 */
export async function launchDecided(tx: Context, { reason, ...draft }: NewCampaign & { readonly reason: string }) {
  const campaign = await createCampaign(tx, draft);
  if (isRefusal(campaign)) return campaign;
  const { id, audience } = campaign;
  const [templateVersion = 0] = await versionsOf(tx, offerOf(campaign));
  await tx.db.write([
    keepFrozen(id, { audience, members: null, segmentVersion: 0, templateVersion, at: tx.clock() }),
    ...moveCampaign(tx, "submit", id, reason),
    ...moveCampaign(tx, "approve", id, reason),
  ]);
  return goLive(tx, campaign, reason);
}
