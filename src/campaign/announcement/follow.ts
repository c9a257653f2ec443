import { sql } from "drizzle-orm";
import type { Context } from "../../context.ts";
import { isRefusal } from "../../errors.ts";
import { resolveChoice } from "../../member/audience-choice.ts";
import type { Promotion } from "../../promotion/promotion.ts";
import { subjectOf } from "../../transition/audit.ts";
import { revise } from "../../transition/revision.ts";
import { keepFrozen } from "../approval/freeze.ts";
import { anyCampaign, type Campaign } from "../draft/campaign.ts";
import { moveRuns } from "../run/not-begun.ts";
import { startOf } from "../run/start.ts";
import { waiting } from "./announcements.ts";
import { announcementAudience, audienceOf, toldBy } from "./whom.ts";

/** A promotion as it was, and as it is. */
export interface Edited {
  readonly before: Promotion;
  readonly after: Promotion;
}

/**
 * Lets the announcements that have not begun follow what is changed of their promotion: its name, its window, whom it
 * is for. What an operator said of one of them otherwise stays, as far as that is so. What they say of the promotion is
 * read when they begin. Inside a transaction only.
 */
export async function followPromotion(tx: Context, edited: Edited) {
  for (const id of await waiting(tx, edited.after.id)) {
    const campaign = await anyCampaign(tx, id);
    const refused = campaign && (await follow(tx, edited, campaign));
    if (refused) return refused;
  }
  return undefined;
}

/** The same for one of them. */
export async function follow(tx: Context, edited: Edited, campaign: Campaign) {
  const { before, after } = edited;
  const { id, audience, frozen } = campaign;
  const isForOthers = !Bun.deepEquals(audienceOf(before), audienceOf(after));
  const told = isForOthers ? await announcementAudience(tx, after, toldBy(audience, after.id)) : audience;
  if (isRefusal(told)) return told;
  const isMoved = !Bun.deepEquals(told, audience);
  const resolved = isMoved ? await resolveChoice(tx, told, campaign.shop) : undefined;
  if (isRefusal(resolved)) return resolved;
  const now = tx.clock();
  const name = campaign.name === before.name ? after.name : campaign.name;
  const { startsAt, endsAt } = windowOf(edited, campaign, now);
  const fields = [...(name === campaign.name ? [] : ["name"]), ...(isMoved ? ["audience"] : [])];
  const moves = startsAt !== campaign.startsAt || endsAt !== campaign.endsAt;
  // What it says of the promotion may be what it waited for.
  if (fields.length === 0 && !moves) return moveRuns(tx, id, undefined);
  await tx.db.write([
    sql`
      UPDATE campaign SET name = ${name}, audience = ${JSON.stringify(told)}, starts_at = ${startsAt},
        ends_at = ${endsAt}, updated_at = ${now}
      WHERE id = ${id}`,
    // So many members as were agreed to, of others: whether these are more is asked when it begins.
    ...(resolved && frozen
      ? [keepFrozen(id, { ...frozen, audience: resolved.choice, segmentVersion: resolved.version, at: now })]
      : []),
    revise(tx, subjectOf("campaign", id), [...fields, ...(moves ? ["window"] : [])]),
  ]);
  return moveRuns(tx, id, startsAt === campaign.startsAt ? undefined : startOf(tx, { ...campaign, startsAt }));
}

/** Its own start stays, and never does it tell of what is over. */
function windowOf({ before, after }: Edited, { startsAt, endsAt }: Campaign, now: number) {
  const isOwnStart = startsAt !== null && startsAt !== before.startsAt;
  const atOnce = startsAt === null && after.startsAt <= now;
  const isOwnEnd = endsAt !== null && endsAt !== before.endsAt;
  return {
    startsAt: isOwnStart || atOnce ? startsAt : after.startsAt,
    endsAt: isOwnEnd ? Math.min(endsAt, after.endsAt ?? endsAt) : after.endsAt,
  };
}
