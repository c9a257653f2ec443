import { z } from "zod";
import { defineMessage } from "../queue/message.ts";

/** Tell an endpoint of an event: one attempt. */
export const webhookSend = defineMessage(
  "webhook-send",
  z.object({ delivery: z.int().positive() }),
  ({ delivery }) => `webhook/${delivery}`,
);

/** Endpoints' flow-control keys begin so. */
export const flowPrefix = "webhooks.";

/** The flow-control key of an endpoint: one that is slow holds up no other. */
export function flowOf(webhook: number): string {
  return `${flowPrefix}${webhook}`;
}
