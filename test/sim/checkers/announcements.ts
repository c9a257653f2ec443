import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { moves } from "../actors/campaigners.ts";

interface Waiting {
  readonly id: number;
  readonly name: string;
  readonly starts: number | null;
  readonly ofName: string;
  readonly ofStart: number;
}

/**
 * What has not begun to announce a promotion says what the promotion is called now, and begins when that does, as long
 * as nobody said anything else of the announcement itself, or copied it, or asked for another promotion with it: what
 * was written for a change that never came is as that would have been.
 */
export const announcements: Checker = {
  name: "announcements",
  async always({ ctx, known }) {
    const waiting = await ctx?.db.all<Waiting>(sql`
      SELECT c.id, c.name, c.starts_at AS starts, p.name AS ofName, p.starts_at AS ofStart
      FROM campaign c JOIN promotion p ON p.id = c.promotion
      WHERE c.deleted_at IS NULL AND c.state IN ('DRAFT', 'IN_REVIEW', 'APPROVED', 'ACTIVE', 'PAUSED')
        AND (c.name <> p.name OR c.starts_at <> p.starts_at)
        AND NOT EXISTS (SELECT 1 FROM run r WHERE r.campaign = c.id AND r.frozen IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM promotion_review w WHERE w.campaign = c.id)
        AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = 'campaign/' || c.id AND a.what LIKE 'copied %')
        AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = 'promotion/' || p.id
          AND a.what LIKE 'asked for approval of a change%' AND a.at = c.created_at)`);
    const own = new Set(known(moves).flatMap(({ subject, verb }) => (verb === "updateCampaign" ? [subject] : [])));
    return (waiting ?? [])
      .filter(({ id }) => !own.has(`campaign/${id}`))
      .map(
        ({ id, name, starts, ofName, ofStart }) =>
          `campaign ${id}, ${name} from ${starts}, has not begun to announce what is ${ofName} from ${ofStart}`,
      );
  },
};
