import { sql } from "drizzle-orm";
import { z } from "zod";
import { defineTerm, idOf } from "../audience/term.ts";
import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { isOwnRow } from "../shop.ts";
import { hotGoodsDay } from "./messages.ts";
import { tables } from "./table.ts";
import { stalledDays, timedPlan } from "./timed.ts";

const keptDays = 60;

const hotGoodsTerm = defineTerm({
  name: "hotGoods",
  description: "Members for whom goods of a day were chosen.",
  schema: z.strictObject({ row: idOf("HotGoods").describe("The goods.") }),
  indexed: () => true,
  compile: ({ row }, env) => {
    const isThere = isOwnRow(env.shop, sql`hot_goods`, sql`${row}`);
    const chosen = sql`hot_goods_mark k WHERE k.goods = ${row}`;
    if (env.from === "index") return sql`(${isThere} AND m.seq IN (SELECT k.member FROM ${chosen}))`;
    return sql`(${isThere} AND EXISTS (SELECT 1 FROM ${chosen} AND k.member = m.seq))`;
  },
});

export const hotgoods = defineDomain({
  name: "hotgoods",
  about: "Goods of the day, each told to the members of its persona: at most one a member and day.",
  tables,
  subjects: {
    "hot-goods-plan": { about: "when and how a shop tells of its goods of the day" },
    "hot-goods": { about: "the goods of days of a shop" },
  },
  messages: [owned(hotGoodsDay)],
  timed: { hotgoods: timedPlan },
  terms: [hotGoodsTerm],
  personalData: [
    {
      name: "hotGoods",
      table: "hot_goods_mark",
      rows: (member) => sql`
        SELECT k.day, h.goods FROM hot_goods_mark k JOIN hot_goods h ON h.id = k.goods WHERE k.member = ${member}`,
      erase: (member) => [sql`DELETE FROM hot_goods_mark WHERE member = ${member}`],
    },
  ],
  stalled: stalledDays,
  keeps: [
    {
      name: "hotGoodsChoices",
      kept: `${keptDays} days`,
      forget: async ({ db, clock }) => {
        const before = new Date(clock() - keptDays * 86_400_000).toISOString().slice(0, 10);
        const [result] = await db.write([
          sql`
            DELETE FROM hot_goods_mark WHERE (day, member) IN (
              SELECT day, member FROM hot_goods_mark WHERE day < ${before} ORDER BY day, member LIMIT 10000)`,
        ]);
        return result?.rowsAffected ?? 0;
      },
    },
  ],
  gauges: [
    {
      name: "fanfare_hot_goods",
      help: "Goods of days by state.",
      labels: ["state"],
      read: async ({ db }) => {
        const found = await db.all<{ state: string; n: number }>(sql`
          SELECT state, count(*) AS n FROM hot_goods GROUP BY state`);
        return found.map(({ state, n }) => ({ labels: { state }, value: n }));
      },
    },
  ],
  logs: ["goods"],
});
