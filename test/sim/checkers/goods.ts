import { sql } from "drizzle-orm";
import type { Checker } from "../actor.ts";
import { goodsTold } from "../actors/goods-tellers.ts";
import { untouched } from "./untouched.ts";

/** The shop's clock is never off by more (ms). */
const clockMs = 1_300_000;

interface Sent {
  readonly day: string;
  readonly goods: string;
  readonly priority: number;
  readonly campaign: number;
  readonly sentAt: number;
}

/** Of a day's goods a member is told of one, the highest that was said by then. */
export const goods: Checker = {
  name: "hot goods",
  async always(world) {
    const { ctx, known, now, engine } = world;
    if (!ctx || known(goodsTold).size === 0) return [];
    const found = await ctx.db.all<{ fault: string }>(sql`
      SELECT 'member ' || member || ' is told of ' || count(DISTINCT run) || ' goods of ' || day AS fault FROM (
        SELECT h.day, s.member, s.run FROM hot_goods h JOIN run r ON r.campaign = h.campaign
        JOIN send s ON s.run = r.id WHERE ${untouched(world, sql`h.campaign`)})
      GROUP BY day, member HAVING count(DISTINCT run) > 1
      UNION ALL
      SELECT 'goods ' || id || ' are ' || state || ' to ' || members || ', by campaign ' || coalesce(campaign, 'none')
      FROM hot_goods WHERE (state = 'SENT') <> (campaign IS NOT NULL)
      UNION ALL
      SELECT 'member ' || k.member || ' is told of goods ' || l.id || ', though goods ' || h.id || ' are for everyone'
      FROM hot_goods h JOIN campaign c ON c.id = h.campaign
      JOIN hot_goods l ON l.shop = h.shop AND l.day = h.day AND l.campaign > h.campaign
      JOIN hot_goods_mark k ON k.goods = l.id
      JOIN member m ON m.seq = k.member AND m.deleted_at IS NULL AND m.registered_at < c.created_at - ${clockMs * 2}
      WHERE h.persona ->> '$.level.gte' = 0`);
    const sent = await ctx.db.all<Sent>(sql`
      SELECT day, goods, priority, campaign, updated_at AS sentAt FROM hot_goods
      WHERE state = 'SENT' ORDER BY campaign`);
    const beginning = now() - engine.elapsed;
    const late = sent.flatMap((low, n) =>
      sent.slice(n + 1).flatMap((high) => {
        if (high.day !== low.day || high.priority <= low.priority) return [];
        const { answered, priority } = known(goodsTold).get(`${high.day} ${high.goods}`) ?? {};
        const wasThere = answered !== undefined && beginning + answered + clockMs < low.sentAt;
        return wasThere && priority === high.priority
          ? [`${high.goods} of ${high.day} (${high.priority}) came after ${low.goods} (${low.priority})`]
          : [];
      }),
    );
    return [...found.map(({ fault }) => fault), ...late];
  },
  async atEnd({ ctx, now }) {
    const stuck = await ctx?.db.all<{ plan: number; day: string }>(sql`
      SELECT plan, day FROM hot_goods_day WHERE at < ${now() - 10 * 60_000}`);
    return (stuck ?? []).map(({ plan, day }) => `the goods of ${day} of plan ${plan} were never told of to the end`);
  },
};
