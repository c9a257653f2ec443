import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { FiguresByShop } from "../figures.ts";

/** Campaigns and what came of them by shop, from the tallies of their runs. */
export const campaignFigures: FiguresByShop<Context> = {
  counts: {
    campaigns: "Campaigns, whatever became of them; drafts that were deleted are none.",
    runs: "Runs of campaigns.",
    sent: "Sends that were accepted, on all channels; a coupon that a campaign gave is one.",
  },
  read: ({ db }, isWanted) => {
    const wanted = isWanted(sql`c.shop`);
    const runs = sql`run r CROSS JOIN campaign c ON c.id = r.campaign`;
    return db.all(sql`
      SELECT c.shop, 'campaigns' AS name, count(*) AS value FROM campaign c
        WHERE c.deleted_at IS NULL AND ${wanted} GROUP BY 1
      UNION ALL SELECT c.shop, 'runs', count(*) FROM ${runs} WHERE ${wanted} GROUP BY 1
      UNION ALL SELECT c.shop, 'sent', sum(t.n) FROM ${runs} CROSS JOIN tally t ON t.run = r.id
        WHERE t.state = 'SENT' AND ${wanted} GROUP BY 1`);
  },
};
