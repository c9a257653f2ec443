/** The tables that hot goods own. */
export const tables = ["hot_goods_plan", "hot_goods", "hot_goods_day", "hot_goods_mark"] as const;

export const goodsStates = ["PLANNED", "SENT", "SKIPPED"] as const;
export type GoodsState = (typeof goodsStates)[number];
