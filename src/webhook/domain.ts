import { defineDomain } from "../context.ts";
import { owned } from "../queue/message.ts";
import { webhookSend } from "./messages.ts";
import { setbackOfDelivery, unparkDelivery } from "./parking.ts";
import { shortenWaits } from "./shorten-waits.ts";
import { stalled, tidy, webhookKeeps } from "./sweep.ts";
import { tables } from "./table.ts";

export const webhook = defineDomain({
  name: "webhook",
  about: "Tells the shop's own systems what happened, as Standard Webhooks.",
  tables,
  subjects: { webhook: { type: "Webhook" } },
  messages: [owned(webhookSend, { unpark: unparkDelivery, setback: setbackOfDelivery })],
  // Each endpoint for itself: were all fifty to hang, half of the queue's places would still be free for campaigns.
  flows: { webhooks: { parallelism: 2 } },
  stalled,
  keeps: webhookKeeps,
  shortenWaits,
  tidy,
  logs: ["webhook", "delivery"],
});
