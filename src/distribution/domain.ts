import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { openDistributions } from "./control.ts";
import { distributionBatch, distributionNotice, distributionRead, distributionWithdraw } from "./messages.ts";
import { distributionKeeps } from "./retention.ts";
import { distributionSettings } from "./settings.ts";
import { tables } from "./table.ts";
import { whyTold } from "./why.ts";

export const distribution = defineDomain({
  name: "distribution",
  about: "Coupons for the members of a spreadsheet: what becomes of every row, and the report of those that failed.",
  tables,
  subjects: {
    distribution: {
      type: "Distribution",
      shop: (id) => sql`SELECT d.shop FROM distribution d WHERE d.id = ${id}`,
    },
  },
  settings: distributionSettings,
  messages: [owned(distributionRead), owned(distributionBatch), owned(distributionNotice), owned(distributionWithdraw)],
  keeps: distributionKeeps,
  flows: { distributions: { parallelism: 1 } },
  stalled: openDistributions,
  whyTold,
  logs: ["distribution", "row"],
});
