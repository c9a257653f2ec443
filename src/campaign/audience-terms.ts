import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { type AudienceTerm, defineTerm, idOf } from "../audience/term.ts";
import { isOwn, isOwnRow } from "../shop.ts";

const Campaigns = z.strictObject({ campaign: idOf("Campaign").describe("The campaign.") });

const Promotions = z.strictObject({ promotion: idOf("Promotion").describe("The promotion.") });

/** What campaigns know of their members. */
export const campaignTerms: readonly AudienceTerm[] = [
  defineTerm({
    name: "gotCampaign",
    description: "Members to whom a message of this campaign was sent on any channel.",
    schema: Campaigns,
    compile: ({ campaign }, { shop }) => sql`EXISTS (
      SELECT 1 FROM campaign c JOIN run r ON r.campaign = c.id
        JOIN send s ON s.run = r.id AND s.member = m.seq AND s.state = 'SENT'
        AND s.channel IN (SELECT value FROM json_each(r.frozen, '$.channels'))
      WHERE c.id = ${campaign} AND ${isOwn(shop, sql`c.shop`)} AND r.frozen IS NOT NULL)`,
  }),
  defineTerm({
    name: "toldOf",
    description:
      "Members whom an announcement of this promotion reached: a message was sent to them on any channel, or may " +
      "have been, or to another member at the same address. Of one that is under way, those until now.",
    schema: Promotions,
    // Not by a run that asks so itself: what it told would be told it again.
    compile: ({ promotion }, { asOf, shop }) => sql`(${isThere(promotion, shop)} AND EXISTS (
      SELECT 1 FROM campaign c JOIN run r ON r.campaign = c.id JOIN send s ON s.run = r.id AND s.member = m.seq
        AND s.channel IN (SELECT value FROM json_each(r.frozen, '$.channels'))
        AND (s.state IN ('SENT', 'SENDING', 'UNKNOWN') OR s.reason = 'DUPLICATE_ADDRESS')
      WHERE c.promotion = ${promotion} AND r.frozen IS NOT NULL AND r.started_at < ${asOf}))`,
  }),
];

/** Whether a promotion is there for what belongs to a shop: then whoever told of it did, the company, too. */
function isThere(promotion: number, shop: string): SQL {
  return isOwnRow(shop, sql`promotion`, sql`${promotion}`);
}
