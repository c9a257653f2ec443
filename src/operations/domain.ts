import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { memoryGauges, outboxGauges, sweepGauges } from "./gauges.ts";
import { sweep } from "./messages.ts";
import { operationsSettings } from "./settings.ts";
import { forgetOld } from "./sweeper.ts";

export const operations = defineDomain({
  name: "operations",
  about: "What operators see of the machinery and do to it: tokens, queue, dead letters, sandbox, sweep, health.",
  tables: ["access_token", "pulse"],
  settings: operationsSettings,
  // The clock brings the next one within a minute.
  messages: [owned(sweep, { republishable: false })],
  every: [{ cron: "* * * * *", message: sweep }],
  tidy: forgetOld,
  gauges: [...outboxGauges, ...memoryGauges, ...sweepGauges],
  logs: ["fault", "reissued", "waiting", "pauseMs", "backlog", "was"],
});
