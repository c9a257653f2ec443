import { webhookTypes } from "../webhook/catalog.ts";
import { deliverEvents } from "../webhook/delivery.ts";
import { defineConsumer } from "./consumer.ts";

/** Tells the shop's endpoints what happened. */
export const eventWebhooks = defineConsumer("webhooks", {
  types: webhookTypes,
  begins: "now",
  handle: (ctx, { where }) => deliverEvents(where, ctx.clock()),
});
