import { sql } from "drizzle-orm";
import { z } from "zod";
import { type AudienceTerm, defineTerm, idOf } from "../audience/term.ts";

const Campaigns = z.strictObject({ campaign: idOf("Campaign").describe("The campaign.") });

/** What campaigns know of their members. */
export const campaignTerms: readonly AudienceTerm[] = [
  defineTerm({
    name: "gotCampaign",
    description: "Members to whom a message of this campaign was sent on any channel.",
    schema: Campaigns,
    compile: ({ campaign }) => sql`EXISTS (
      SELECT 1 FROM run r JOIN send s ON s.run = r.id AND s.member = m.seq AND s.state = 'SENT'
        AND s.channel IN (SELECT value FROM json_each(r.frozen, '$.channels'))
      WHERE r.campaign = ${campaign} AND r.frozen IS NOT NULL)`,
  }),
];
