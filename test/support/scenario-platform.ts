import { pauseFlow, resumeFlow } from "../../src/operations/queue/flow.ts";
import { createToken } from "../../src/operations/token.ts";
import { testWebhook } from "../../src/webhook/delivery.ts";
import { createWebhook } from "../../src/webhook/webhook.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./scenario-world.ts";
import { accepted } from "./shop.ts";

const webhook = async ({ ctx, idOf }: World) => {
  const made = accepted(await createWebhook(ctx, { url: "http://127.0.0.1:1/told" }));
  return { row: made.webhook.id, webhookId: idOf("Webhook", made.webhook.id) };
};
const only = async (w: World) => ({ webhookId: (await webhook(w)).webhookId });
const flow = "SMS";

const hired = async ({ ctx, idOf, key }: World) => {
  const { record } = accepted(await createToken(ctx, { kind: "operator", name: key(), role: "viewer" }));
  return idOf("Operator", "operator" in record ? record.operator.id : 0);
};

/** Of the mutations that see to the machinery: for operators who work for all shops. */
export const platformScenarios: Readonly<Record<string, Scenario>> = {
  createOperatorToken: (w) => ({ name: `laptop ${w.key()}`, role: "EDITOR" }),
  createServiceToken: () => ({ name: "shop", scopes: ["ORDERS_WRITE"] }),
  revokeToken: async ({ ctx, idOf, key }) => {
    const made = accepted(await createToken(ctx, { kind: "operator", name: key(), role: "viewer" }));
    return { tokenId: idOf("AccessToken", made.record.id) };
  },
  updateOperator: async (w) => ({ operatorId: await hired(w), shop: "hamburg" }),
  revokeOperator: async (w) => ({ operatorId: await hired(w) }),

  createWebhook: () => ({ url: "http://127.0.0.1:1/told" }),
  updateWebhook: async (w) => ({ ...(await only(w)), description: "Told of everything" }),
  rotateWebhookSecret: only,
  deleteWebhook: only,
  testWebhook: only,
  resendWebhook: async (w) => {
    const delivery = accepted(await testWebhook(w.ctx, { id: (await webhook(w)).row }));
    return { deliveryId: w.idOf("WebhookDelivery", delivery.id) };
  },

  pauseFlow: async (w) => {
    await resumeFlow(w.ctx, { flow });
    return { flow };
  },
  resumeFlow: async (w) => {
    await pauseFlow(w.ctx, { flow });
    return { flow };
  },
  setFlowLimits: () => ({ flow, parallelism: 2 }),
  clearFlowLimits: () => ({ flow }),
  retryMessage: async (w) => ({ messageId: await w.retried() }),
  cancelMessage: async (w) => ({ messageId: await w.retried() }),
  replayDeadLetter: async (w) => ({ letterId: (await w.letter()).letterId }),
  replayDeadLetters: async (w) => ({ job: (await w.letter()).job }),
  editAndReplayDeadLetter: async (w) => {
    const { letterId, payload } = await w.letter();
    return { letterId, payload };
  },
  deleteDeadLetter: async (w) => ({ letterId: (await w.letter()).letterId }),
  setSandboxFaults: () => ({ channel: "SMS", fail: 0.5 }),
};
