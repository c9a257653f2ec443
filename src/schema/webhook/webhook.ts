import { listDeliveries, resendDelivery, testWebhook } from "../../webhook/delivery.ts";
import {
  createWebhook,
  deleteWebhook,
  listWebhooks,
  rotateWebhookSecret,
  updateWebhook,
  type WebhookWithSecret,
} from "../../webhook/webhook.ts";
import { builder, type Types } from "../kit/builder.ts";
import { connectionField } from "../kit/connection.ts";
import { toRowId } from "../kit/ids.ts";
import { refusable } from "../kit/refusable.ts";
import { WebhookDeliveryState, WebhookDeliveryType, WebhookEvent, WebhookType } from "./webhook-type.ts";

const viewers = { platform: "viewer" } as const;
const admins = { platform: "admin" } as const;

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;

const which = (t: Fields) => ({
  webhookId: t.globalID({ for: WebhookType, required: true, description: "Which one." }),
});

const WebhookSecret = builder.objectRef<WebhookWithSecret>("WebhookSecret").implement({
  description: "An endpoint and its secret.",
  authScopes: admins,
  fields: (t) => ({
    webhook: t.expose("webhook", { type: WebhookType, description: "The endpoint." }),
    secret: t.exposeString("secret", {
      description: "`whsec_…`, what its receiver checks signatures with; shown this once: keep it now.",
    }),
  }),
});

connectionField("Query", "webhooks", WebhookType, {
  description: "The shop's endpoints that are told of events, in the order in which they were added.",
  scopes: viewers,
  cursor: ({ id }) => id,
  list: listWebhooks,
});

connectionField(WebhookType, "deliveries", WebhookDeliveryType, {
  description: "What it was or is to be told of, newest first.",
  scopes: viewers,
  args: (t) => ({ state: t({ type: WebhookDeliveryState, description: "Only those in this state." }) }),
  cursor: ({ id }) => id,
  list: (ctx, { state, after, limit }, { id }) =>
    listDeliveries(ctx, { webhook: id, state: state ?? undefined, after, limit }),
});

refusable("createWebhook", {
  description: "Adds an endpoint: it is told of what happens from now on. At most 50.",
  scopes: admins,
  result: WebhookSecret,
  refusals: { CONFLICT: true },
  input: (t) => ({
    url: t.string({ required: true, description: "Where to post; https:// in production, at most 2,000 characters." }),
    description: t.string({ description: "What it is for, at most 500 characters." }),
    events: t.field({ type: [WebhookEvent], description: "What to tell it of; everything unless given." }),
  }),
  resolve: ({ url, description, events }, ctx) =>
    createWebhook(ctx, { url, description: description ?? undefined, types: events ?? null }),
});

refusable("updateWebhook", {
  description: "Changes an endpoint: what is left out stays. Enabling it forgives its failures.",
  scopes: admins,
  result: WebhookType,
  refusals: { NOT_FOUND: true },
  input: (t) => ({
    ...which(t),
    url: t.string({ description: "Where to post from now on." }),
    description: t.string({ description: "What it is for." }),
    events: t.field({ type: [WebhookEvent], description: "What to tell it of; null = everything." }),
    enabled: t.boolean({ description: "Whether to tell it." }),
  }),
  resolve: ({ webhookId, url, description, events, enabled }, ctx) => {
    const draft = {
      ...(typeof url === "string" && { url }),
      ...(typeof description === "string" && { description }),
      ...(events !== undefined && { types: events }),
      ...(typeof enabled === "boolean" && { enabled }),
    };
    return updateWebhook(ctx, { id: toRowId(webhookId.id), draft });
  },
});

refusable("rotateWebhookSecret", {
  description:
    "Gives an endpoint a new secret. The old one signs as well for 24 hours, so that nothing is missed meanwhile.",
  scopes: admins,
  result: WebhookSecret,
  refusals: { NOT_FOUND: true },
  input: which,
  resolve: ({ webhookId }, ctx) => rotateWebhookSecret(ctx, { id: toRowId(webhookId.id) }),
});

refusable("deleteWebhook", {
  description: "Removes an endpoint for good: it is told of nothing more, not even of what is on its way.",
  scopes: admins,
  result: WebhookType,
  refusals: { NOT_FOUND: true },
  input: which,
  resolve: ({ webhookId }, ctx) => deleteWebhook(ctx, { id: toRowId(webhookId.id) }),
});

refusable("testWebhook", {
  description: "Posts a `webhook.test` event to an endpoint, once, whether it is enabled or not.",
  scopes: admins,
  result: WebhookDeliveryType,
  refusals: { NOT_FOUND: true },
  input: which,
  resolve: ({ webhookId }, ctx) => testWebhook(ctx, { id: toRowId(webhookId.id) }),
});

refusable("resendWebhook", {
  description: "Posts what was delivered or failed once more, under the same message id.",
  scopes: admins,
  result: WebhookDeliveryType,
  refusals: { NOT_FOUND: true, WRONG_STATE: true },
  input: (t) => ({
    deliveryId: t.globalID({ for: WebhookDeliveryType, required: true, description: "Which one." }),
  }),
  resolve: ({ deliveryId }, ctx) => resendDelivery(ctx, { id: toRowId(deliveryId.id) }),
});
