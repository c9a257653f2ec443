import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { lifecycleTerms } from "./audience-terms.ts";
import { lifecycleGauges } from "./gauges.ts";
import { lifecycleLook } from "./messages.ts";
import { lifecyclePersonalData } from "./personal-data.ts";
import { lifecycleKeeps } from "./retention.ts";
import { tables } from "./table.ts";
import { stalledLooks, timedPolicy } from "./timed.ts";

export const lifecycle = defineDomain({
  name: "lifecycle",
  about: "What members are told at days of their own: birthdays, ends of memberships and coupons, and the like.",
  tables,
  subjects: {
    "lifecycle-policy": {
      type: "LifecyclePolicy",
      shop: (id) => sql`SELECT p.shop FROM lifecycle_policy p WHERE p.id = ${id}`,
    },
  },
  messages: [owned(lifecycleLook)],
  timed: { lifecycle: timedPolicy },
  terms: lifecycleTerms,
  personalData: lifecyclePersonalData,
  stalled: stalledLooks,
  keeps: lifecycleKeeps,
  gauges: lifecycleGauges,
  logs: ["policy"],
});
