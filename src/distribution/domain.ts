import { sql } from "drizzle-orm";
import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { distributionTerms } from "./audience-terms.ts";
import { openDistributions } from "./control.ts";
import { distributionCompleted, distributionFailed } from "./events.ts";
import { distributionGauges } from "./gauges.ts";
import { distributionBatch, distributionNotice, distributionRead, distributionWithdraw } from "./messages.ts";
import { unparkBatch, unparkRead } from "./parking.ts";
import { distributionPersonalData } from "./personal-data.ts";
import { cancelForgotten, distributionKeeps } from "./retention.ts";
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
  messages: [
    owned(distributionRead, { unpark: unparkRead }),
    owned(distributionBatch, { unpark: unparkBatch }),
    owned(distributionNotice),
    owned(distributionWithdraw),
  ],
  flows: { distributions: { parallelism: 1 } },
  terms: distributionTerms,
  events: [
    { event: distributionCompleted, told: "Every row of a file of members has its outcome: a coupon, or why not." },
    { event: distributionFailed, told: "A file of members could not be read; nothing of it is issued." },
  ],
  personalData: distributionPersonalData,
  stalled: openDistributions,
  whyTold,
  tidy: cancelForgotten,
  keeps: distributionKeeps,
  gauges: distributionGauges,
  logs: ["distribution", "row"],
});
