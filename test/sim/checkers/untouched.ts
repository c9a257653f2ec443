import { type SQL, sql } from "drizzle-orm";
import { moves } from "../actors/campaigners.ts";
import type { World } from "../world/world.ts";

/** Verbs after which a campaign still is what it was when it was made. */
const harmless = ["pauseCampaign", "resumeCampaign", "cancelCampaign", "duplicateCampaign", "deleteCampaign"];

/** That nobody has changed a campaign (an SQL expression) that the shop made by itself, and launched it anew. */
export function untouched({ known }: World, campaign: SQL): SQL {
  const ids = known(moves).flatMap(({ subject, verb }) =>
    subject.startsWith("campaign/") && !harmless.includes(verb) ? [Number(subject.slice("campaign/".length))] : [],
  );
  return sql`${campaign} NOT IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
}
