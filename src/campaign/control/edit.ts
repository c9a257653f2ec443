import { eq } from "drizzle-orm";
import { type Context, withTransaction } from "../../context.ts";
import { isRefusal, refuse } from "../../errors.ts";
import { schedulesOf } from "../../schedule/schedule.ts";
import { auditChanges, auditDeed, changesBetween, subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { freezeCampaign } from "../approval/freeze.ts";
import { type Campaign, findCampaign } from "../draft/campaign.ts";
import { type CampaignDraft, type CampaignFacts, changedFacts, checkDraft, draftOf } from "../draft/facts.ts";
import { moveCampaign } from "../draft/transitions.ts";
import type { FrozenCampaign } from "../frozen-campaign.ts";
import { hasBegun, takeBackRuns, waitAgain } from "../run/not-begun.ts";
import { startOf } from "../run/start.ts";
import { beginAgain } from "../schedule/begin.ts";
import type { CampaignState } from "../state.ts";
import { campaignTable } from "../table.ts";
import { agreementFor, unfitToLaunch } from "./launch.ts";

/** How often an edit is tried that others get in the way of. */
const tries = 5;

/**
 * Changes what is said of a campaign that has not begun; what is left out stays. A draft is simply changed. What is in
 * review stays there, as a new version; what was approved is reviewed again. A launched one, active or paused, stays so
 * with its members counted anew, where it needs no approval; else it goes back into review, goes on by itself once
 * approved (one that is paused, or its schedule, is then launched by hand), and does not begin before. WRONG_STATE once
 * it has begun or is over, and what keeps a campaign from being launched is refused of a launched one. CONFLICT where
 * others are always faster.
 */
export async function updateCampaign(ctx: Context, input: { id: number; draft: Partial<CampaignDraft> }) {
  for (let n = 0; n < tries; n++) {
    const before = await findCampaign(ctx, input.id);
    if (!before) return refuse.notFound("campaign", input.id);
    const edit = await prepare(ctx, before, input.draft);
    if (isRefusal(edit)) return edit;
    const after = await withTransaction(ctx, (tx) => apply(tx, before, edit));
    if (after) return after;
  }
  return refuse.conflict("Others are changing this campaign just now; read it again.");
}

/** An edit as it was checked. */
interface Edit {
  readonly facts: CampaignFacts;
  /** The names of what changes. */
  readonly fields: readonly string[];
  /** Of all but a draft: what is agreed to from now on, or is to be. */
  readonly frozen?: FrozenCampaign;
  readonly needsReview?: boolean;
}

const isLaunched = (state: CampaignState) => state === "ACTIVE" || state === "PAUSED";

/** Checks an edit and counts its members, which may read all of them: outside of transactions. */
async function prepare(ctx: Context, before: Campaign, draft: Partial<CampaignDraft>) {
  if (before.state === "ENDED" || before.state === "CANCELLED") return over(before.state);
  if (before.state !== "DRAFT" && (await hasBegun(ctx, before.id))) return begun(before.state);
  const said = Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
  // Whom it was frozen for it stays for, whatever became of its segment, until somebody says whom else.
  const kept = "audience" in said ? null : before.frozen;
  const draftNow = { ...draftOf(before), ...(kept && { audience: kept.audience }), ...said };
  const checked = await checkDraft(ctx, draftNow, before.shop);
  if (isRefusal(checked)) return checked;
  const facts = kept ? { ...checked, audience: before.audience } : checked;
  const changed = changedFacts(before, facts);
  if (before.state === "DRAFT") return { facts, fields: changed };
  // Whom a segment selects by now is another audience, if it is said again.
  const fields = "audience" in said ? [...new Set([...changed, "audience"])] : changed;
  return fields.length === 0 ? { facts, fields } : agreeTo(ctx, before, { facts, fields }, kept);
}

async function agreeTo(ctx: Context, before: Campaign, edit: Edit, kept: FrozenCampaign | null) {
  const after = {
    ...before,
    ...edit.facts,
    audience: kept?.audience ?? edit.facts.audience,
    frozen: null,
    approver: null,
  };
  const launched = isLaunched(before.state);
  const unfit = launched ? await unfitToLaunch(ctx, after) : undefined;
  if (unfit) return unfit;
  const agreement = launched ? await agreementFor(ctx, after) : await freezeCampaign(ctx, after);
  if (isRefusal(agreement)) return agreement;
  const { frozen, needsApproval } = "frozen" in agreement ? agreement : { frozen: agreement, needsApproval: true };
  const segmentVersion = kept?.segmentVersion ?? frozen.segmentVersion;
  return { ...edit, frozen: { ...frozen, segmentVersion }, needsReview: needsApproval };
}

/** Does it, unless the campaign is not the one any more that the edit was checked for: then nothing. */
async function apply(tx: Context, before: Campaign, edit: Edit) {
  const { id, state } = before;
  if (!Bun.deepEquals(await findCampaign(tx, id), before)) return undefined;
  if (state !== "DRAFT" && (await hasBegun(tx, id))) return begun(state);
  const { facts, fields, frozen } = edit;
  if (fields.length === 0) return before;
  await tx.db.orm
    .update(campaignTable)
    .set({ ...facts, updatedAt: tx.clock(), ...(frozen && { frozen, approver: null }) })
    .where(eq(campaignTable.id, id));
  const changes = changesBetween(before, facts, ["audience", "content"]);
  await tx.db.write([
    revise(tx, subjectOf("campaign", id), fields),
    // Of what is not a draft the names of all that changed are written down below.
    ...auditChanges(tx, subjectOf("campaign", id), frozen ? changes.filter(({ from }) => from !== null) : changes),
  ]);
  if (frozen) await (edit.needsReview ? review(tx, before, edit) : stay(tx, before, edit));
  return (await findCampaign(tx, id)) ?? before;
}

/** It is read again: by those who were to approve it, or by somebody who has to now. */
async function review(tx: Context, { id, state }: Campaign, edit: Edit): Promise<void> {
  if (state === "IN_REVIEW") {
    await tx.db.write([auditDeed(tx, subjectOf("campaign", id), inWords(edit))]);
    return;
  }
  // What somebody has paused does not go on by itself.
  const [schedule] = await schedulesOf(tx, "campaign", [id]);
  const goesOn = state === "ACTIVE" && schedule?.state !== "PAUSED";
  await tx.db.write([...takeBackRuns(tx, id), ...moveCampaign(tx, "review", id, inWords(edit))]);
  await tx.db.orm.update(campaignTable).set({ launchWhenApproved: goesOn }).where(eq(campaignTable.id, id));
}

async function stay(tx: Context, before: Campaign, edit: Edit): Promise<void> {
  const { id } = before;
  await tx.db.write([auditDeed(tx, subjectOf("campaign", id), inWords(edit))]);
  await waitAgain(tx, id, edit.fields.includes("startsAt") ? startOf(tx, edit.facts) : undefined);
  await beginAgain(tx, before, { ...before, ...edit.facts });
}

function inWords({ fields }: Edit): string {
  return `edited before its start: ${fields.join(", ")}`;
}

function begun(state: CampaignState) {
  return refuse.wrongState("It has begun: what members are told is not changed any more. Pause or cancel it.", state);
}

function over(state: CampaignState) {
  return refuse.wrongState(`This campaign is ${state}: make another one of it with duplicateCampaign.`, state);
}
