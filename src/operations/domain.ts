import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { watchClock } from "./clock-watch.ts";
import { memoryGauges, outboxGauges, queueGauges, sweepGauges } from "./gauges.ts";
import { sweep } from "./messages.ts";
import { machineryKeeps } from "./retention.ts";
import { operationsSettings } from "./settings.ts";

export const operations = defineDomain({
  name: "operations",
  about: "What operators see of the machinery and do to it: tokens, queue, dead letters, sandbox, sweep, health.",
  tables: ["access_token", "operator", "pulse"],
  subjects: {
    operator: { type: "Operator" },
    token: { type: "AccessToken", about: "a token" },
    flow: { about: "a flow of the queue" },
    message: { about: "a message of the queue" },
    "dead-letter": { about: "a message that the queue had given up" },
    sandbox: { about: "a channel of the sandbox" },
  },
  settings: operationsSettings,
  // The clock brings the next one within a minute.
  messages: [owned(sweep, { republishable: false })],
  every: [{ cron: "* * * * *", message: sweep }],
  keeps: machineryKeeps,
  gauges: [...outboxGauges, ...queueGauges, ...memoryGauges, ...sweepGauges],
  services: [watchClock],
  logs: ["fault", "reissued", "waiting", "pauseMs", "backlog", "was"],
});
