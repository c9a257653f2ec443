import { bodiesToPost } from "../../webhook/body.ts";
import { deliveriesById } from "../../webhook/delivery.ts";
import type { Delivery, deliveryStates, Webhook } from "../../webhook/table.ts";
import { webhooksById } from "../../webhook/webhook.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { lateEnum } from "../kit/late.ts";
import { historyField } from "../transition/history.ts";

const viewers = { platform: "viewer" } as const;
const admins = { platform: "admin" } as const;

/** `run.completed` is RUN_COMPLETED. */
export const WebhookEvent = lateEnum<string>("WebhookEvent", "What an endpoint can be told of.", (domains) =>
  Object.fromEntries(
    domains
      .flatMap(({ events = [] }) => events)
      .map(({ event: { type }, told }) => [
        type.toUpperCase().replaceAll(".", "_"),
        { value: type, description: `\`${type}\`: ${told}` },
      ]),
  ),
);

export const WebhookDeliveryState = builder.enumType("WebhookDeliveryState", {
  description: "How far the telling of one event to one endpoint is.",
  values: {
    PENDING: { description: "On its way, or to be tried again at `dueAt`." },
    DONE: { description: "The endpoint took it." },
    FAILED: { description: "It was tried for three days, or must not be tried any more; `error` says why." },
  } as const satisfies Record<(typeof deliveryStates)[number], { description: string }>,
});

export const WebhookType = builder.node(builder.objectRef<Webhook>("Webhook"), {
  description: "An endpoint of the shop that is told of events, as Standard Webhooks describes (standardwebhooks.com).",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => webhooksById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    url: t.exposeString("url", { description: "Where events are posted." }),
    description: t.exposeString("description", { description: "What it is for, at most 500 characters." }),
    events: t.field({
      type: [WebhookEvent],
      nullable: true,
      description: "What it is told of; null = everything, what comes later too.",
      resolve: ({ types }) => types,
    }),
    enabled: t.exposeBoolean("enabled", {
      description:
        "Whether it is told. One that is gone (410), or takes nothing for five days, is disabled; `history` says so.",
    }),
    failingSince: t.expose("failingSince", {
      type: "DateTime",
      nullable: true,
      description: "The first failure since it last took something; null while all is well.",
    }),
    oldSecretUntil: t.expose("oldUntil", {
      type: "DateTime",
      nullable: true,
      description: "Until when the secret that was rotated out last signs as well.",
    }),
    history: t.field(historyField("webhook")),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was added." }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", description: "When it was last changed." }),
  }),
});

export const WebhookDeliveryType = builder.node(builder.objectRef<Delivery>("WebhookDelivery"), {
  description: "One event on its way to one endpoint. Kept for 30 days.",
  authScopes: viewers,
  id: { resolve: ({ id }) => id },
  loadMany: (ids, { ctx }) => deliveriesById(ctx, ids.map(toRowId)),
  fields: (t) => ({
    messageId: t.exposeString("message", {
      description: "`webhook-id`, the same at every attempt: receivers know repeats by it.",
    }),
    type: t.exposeString("type", { description: "The event's type, e.g. run.completed; webhook.test for a test." }),
    body: t.loadable({
      type: "JSON",
      description: "What is posted.",
      resolve: (delivery) => delivery,
      load: async (deliveries: Delivery[], { ctx }) =>
        (await bodiesToPost(ctx, deliveries)).map((body): unknown => JSON.parse(body)),
    }),
    state: t.field({ type: WebhookDeliveryState, description: "How far it is.", resolve: ({ state }) => state }),
    attempts: t.exposeInt("attempts", { description: "How often it was posted." }),
    status: t.exposeInt("status", {
      nullable: true,
      authScopes: admins,
      description: "HTTP status of the last attempt; null when none came. What receivers answer is for admins.",
    }),
    answer: t.exposeString("answer", {
      nullable: true,
      authScopes: admins,
      description: "What the receiver answered to refuse the last attempt, in short; null when it said nothing.",
    }),
    error: t.exposeString("error", {
      nullable: true,
      description: "Why the last attempt failed. Every way of getting no answer is told in the same words.",
    }),
    dueAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When it is tried next; null when it has ended.",
      resolve: ({ state, dueAt }) => (state === "PENDING" ? dueAt : null),
    }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When it was set on its way." }),
    endedAt: t.expose("endedAt", { type: "DateTime", nullable: true, description: "When it was taken or given up." }),
  }),
});
