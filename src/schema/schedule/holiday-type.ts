import { type HolidayList, holidayListsById } from "../../schedule/holidays.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { shopOfThing } from "../kit/shop.ts";
import { historyField } from "../transition/history.ts";

export const HolidayListType = builder.node(builder.objectRef<HolidayList>("HolidayList"), {
  description: "Days on which nothing comes of the schedules that name this list.",
  authScopes: { role: "viewer" },
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => holidayListsById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    name: t.exposeString("name", { description: "Its name, 1–100 characters, one of a kind in its shop." }),
    shop: t.exposeString("shop", { description: shopOfThing }),
    dates: t.stringList({ description: "Its days, `2027-12-25`, in order.", resolve: ({ dates }) => [...dates] }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it was last said." }),
    history: t.field(historyField("holidays")),
  }),
});
