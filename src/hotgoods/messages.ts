import { z } from "zod";
import { defineMessage } from "../queue/message.ts";
import { calendarDate } from "../value/date.ts";

/** Choose for each member one of a day's goods, and launch what tells them. */
export const hotGoodsDay = defineMessage(
  "hot-goods-day",
  z.object({ plan: z.int().positive(), day: calendarDate() }),
  ({ plan, day }) => `hot-goods/${plan}/${day}`,
);
