import { z } from "zod";
import { defineMessage } from "../queue/message.ts";

/** What is due by a second (ms) fires: one wake for all schedules of that second. A hint; the rows say what is due. */
export const scheduleWake = defineMessage(
  "schedule-wake",
  z.object({ at: z.int().nonnegative() }),
  ({ at }) => `schedule-wake/${at}`,
);

/** Plans what comes next, and fires what is due and was not woken. Comes every minute. */
export const scheduleSweep = defineMessage("schedule-sweep", z.object({}), () => "schedule-sweep");
