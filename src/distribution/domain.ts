import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { openDistributions } from "./control.ts";
import { distributionBatch, distributionNotice, distributionRead, distributionWithdraw } from "./messages.ts";
import { distributionPersonalData } from "./personal-data.ts";
import { distributionSettings } from "./settings.ts";
import { tables } from "./table.ts";

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
  flows: { distributions: { parallelism: 1 } },
  personalData: distributionPersonalData,
  stalled: openDistributions,
  logs: ["distribution", "row"],
});
