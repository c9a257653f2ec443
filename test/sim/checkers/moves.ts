import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { moves as known, type Move } from "../actors/campaigners.ts";
import type { World } from "../world/world.ts";

/** So long after a stop a call that was under way may still arrive (ms): the machine may sleep meanwhile. */
const underWayMs = 700_000;

interface Standing {
  readonly subject: string;
  readonly state: string;
  readonly promotion: number | null;
  /** What it has begun, or is going to at times of its own. */
  readonly runs: number;
}

/** What operators were answered is so: a campaign stands where the last of them put it, and what is stopped stops. */
export const moves: Checker = {
  name: "moves",
  async always(world) {
    const all = world.known(known);
    if (!world.ctx || all.length === 0) return [];
    const standing = await world.ctx.db.all<Standing>(sql`
      SELECT 'campaign/' || id AS subject, promotion,
        CASE WHEN deleted_at IS NULL THEN state ELSE 'DELETED' END AS state,
        (SELECT count(*) FROM run WHERE campaign = campaign.id)
          + (SELECT count(*) FROM schedule WHERE noun = 'campaign' AND thing = campaign.id) AS runs
      FROM campaign`);
    return [...standing.flatMap((each) => misplaced(all, each)), ...(await afterStops(world, all))];
  },
};

/** Where each verb leaves a campaign, while nothing else is asked of it. */
const leaves: Readonly<Record<string, readonly string[]>> = {
  pauseCampaign: ["PAUSED"],
  resumeCampaign: ["ACTIVE", "ENDED"],
  cancelCampaign: ["CANCELLED"],
  approveCampaign: ["APPROVED", "ACTIVE", "ENDED"],
  rejectCampaign: ["DRAFT"],
  returnCampaignToDraft: ["DRAFT"],
  submitCampaign: ["IN_REVIEW"],
  deleteCampaign: ["DELETED"],
};

/** Disabling a promotion moves its campaigns, too: of those only what they were asked themselves is not enough. */
function misplaced(all: readonly Move[], { subject, state, promotion, runs }: Standing): string[] {
  const own = all.filter((move) => move.subject === subject && (move.answered !== undefined || move.isLost !== false));
  const last = own.at(-1);
  if (last?.answered === undefined || promotion !== null) return [];
  if (own.some((move) => move !== last && (move.answered ?? Number.POSITIVE_INFINITY) > last.asked)) return [];
  if (last.verb === "launchCampaign")
    return runs > 0 ? [] : [`${subject} was launched, and has neither run nor schedule`];
  const fit = leaves[last.verb];
  return !fit || fit.includes(state) ? [] : [`${subject} is ${state}, and ${last.verb} was the last thing answered`];
}

const stops = ["cancelCampaign", "pauseCampaign", "disablePromotion STOP"];

/** The shop's clock is never off by more (ms). */
const clockMs = 1_300_000;

/**
 * Nothing goes out for what was stopped until somebody resumes it, but for calls that were under way. Disabling a
 * promotion stops for good what had begun to announce it by then.
 */
async function afterStops({ ctx, providers, now, engine }: World, all: readonly Move[]): Promise<string[]> {
  const beginning = now() - engine.elapsed;
  const runs = await ctx?.db.all<{ id: number; campaign: string; promotion: string | null; startedAt: number }>(sql`
    SELECT r.id, 'campaign/' || c.id AS campaign, 'promotion/' || c.promotion AS promotion, r.started_at AS startedAt
    FROM run r JOIN campaign c ON c.id = r.campaign WHERE r.started_at IS NOT NULL`);
  const about = new Map(runs?.map((run) => [run.id, run]));
  return providers.taken.flatMap(({ ref, channel, at }) => {
    const run = about.get(Number(ref?.split(":")[0]));
    const stop = all.findLast(({ subject, verb, asked, answered }) => {
      if (!run || !stops.includes(verb) || (answered ?? at) + underWayMs >= at) return false;
      return subject === run.campaign || (subject === run.promotion && run.startedAt - beginning + clockMs < asked);
    });
    const isGoing = all.some(
      ({ subject, verb, asked, answered }) =>
        subject === stop?.subject && verb === "resumeCampaign" && (answered ?? at) >= stop.asked && asked < at,
    );
    if (!stop || isGoing) return [];
    const { verb, subject, answered } = stop;
    return [`${ref} ${channel} was taken at ${at} ms, though ${verb} of ${subject} was answered at ${answered}`];
  });
}
