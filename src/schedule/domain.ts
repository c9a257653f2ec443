import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { scheduleGauges } from "./gauges.ts";
import { scheduleSweep, scheduleWake } from "./messages.ts";
import { scheduleKeeps } from "./retention.ts";
import { tables } from "./table.ts";

export const schedule = defineDomain({
  name: "schedule",
  about: "When things recur: cron lines in zones, spreads, countdowns and instants; each of their times is a row.",
  tables,
  subjects: {
    schedule: { type: "Schedule", shop: (id) => sql`SELECT s.shop FROM schedule s WHERE s.id = ${id}` },
    holidays: { type: "HolidayList", shop: (id) => sql`SELECT h.shop FROM holiday_list h WHERE h.id = ${id}` },
  },
  messages: [owned(scheduleWake), owned(scheduleSweep)],
  every: [{ cron: "* * * * *", message: scheduleSweep }],
  keeps: scheduleKeeps,
  gauges: scheduleGauges,
  logs: ["schedule"],
});
