import { afterAll, beforeAll, expect, test } from "bun:test";
import { globalId } from "../../../src/ids.ts";
import { setConsent } from "../../../src/member/set-consent.ts";
import { hire, type Operator } from "../../support/operators.ts";
import { startReceiver, verifies } from "../../support/receiver.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
let admin: Operator;
let viewer: Operator;
const there = startReceiver();
beforeAll(async () => {
  shop = await openShop();
  await shop.members(3);
  admin = await hire(shop, "Ada", "admin");
  viewer = await hire(shop, "Vic", "viewer");
});
afterAll(async () => {
  await closeShops();
  await there.stop();
});

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
const mutate = async (who: Operator, name: string, result: string, fields: string, input: unknown): Promise<any> => {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const text = `mutation ($input: ${title}Input!) { ${name}(input: $input) { __typename
    ... on ${result} { ${fields} } ... on Refusal { refusal message } ... on InvalidInput { issues { path } } } }`;
  return (await who.get(text, { input }))[name];
};
const create = (input: unknown, who = admin) =>
  mutate(who, "createWebhook", "WebhookSecret", "secret webhook { id url events enabled }", input);

test("an admin adds an endpoint, is shown its secret once, and everyone sees what it was told", async () => {
  const { secret, webhook } = await create({ url: there.url, events: ["MEMBER_UNSUBSCRIBED"] });
  expect(webhook).toMatchObject({ url: there.url, events: ["MEMBER_UNSUBSCRIBED"], enabled: true });
  await setConsent(shop.ctx, { member: { seq: 1 }, channel: "EMAIL", granted: false });
  await until(() => there.received.length > 0);
  expect(verifies(secret, there.received[0]!)).toBe(true);
  const fields = `deliveries(first: 5, state: DONE) {
    nodes { id messageId type body state attempts error dueAt endedAt } pageInfo { hasNextPage } }`;
  const seen = await until(async () => {
    const data = await viewer.get(`{ webhooks { nodes { id url description events enabled failingSince oldSecretUntil
      history { what actor } ${fields} } } }`);
    return data.webhooks.nodes[0].deliveries.nodes.length > 0 && data;
  });
  expect(seen.webhooks.nodes[0]).toMatchObject({
    failingSince: null,
    history: [{ what: "created", actor: "operator Ada" }],
    deliveries: {
      nodes: [
        {
          messageId: there.received[0]?.id,
          type: "member.unsubscribed",
          body: { data: { memberId: globalId("Member", 1), externalId: "x1", channel: "EMAIL", topic: "*" } },
          state: "DONE",
          attempts: 1,
          error: null,
          dueAt: null,
        },
      ],
    },
  });
  expect(JSON.stringify(seen)).not.toContain("whsec_");
  const { id } = seen.webhooks.nodes[0].deliveries.nodes[0];
  const again = await mutate(admin, "resendWebhook", "WebhookDelivery", "state messageId", { deliveryId: id });
  expect(again).toMatchObject({ state: "PENDING", messageId: there.received[0]?.id });
  await until(() => there.received.length === 2);
});

test("what a receiver answers is for admins; everyone hears that it did not take it, or was not reached", async () => {
  const { webhook } = await create({ url: there.url });
  const first = there.received.length;
  there.answer = () =>
    there.received.length > first + 1 ? new Response() : new Response("stock: 4711", { status: 503 });
  const { id } = await mutate(admin, "testWebhook", "WebhookDelivery", "id", { webhookId: webhook.id });
  const ask = (who: Operator, fields: string) =>
    who.ask(`query ($id: ID!) { node(id: $id) { ... on WebhookDelivery { state error ${fields} } } }`, { id });
  const seen = await until(async () => {
    const { data } = (await ask(admin, "status answer")).body;
    return data.node.state === "FAILED" && data.node;
  });
  const error = "the endpoint did not take it";
  expect(seen).toMatchObject({ status: 503, error, answer: "the endpoint refused it (503): stock: 4711" });
  for (const field of ["status", "answer"]) {
    const { data, errors } = (await ask(viewer, field)).body;
    expect([data.node, errors[0].extensions.code]).toEqual([{ state: "FAILED", error, [field]: null }, "FORBIDDEN"]);
  }
  await mutate(admin, "deleteWebhook", "Webhook", "id", { webhookId: webhook.id });
});

test("an endpoint is changed, tested, given a new secret and deleted", async () => {
  const { webhook, secret } = await create({ url: there.url, description: "CRM" });
  const id = { webhookId: webhook.id };
  expect(webhook.events).toBeNull();
  const change = (input: object) =>
    mutate(admin, "updateWebhook", "Webhook", "description events enabled", { ...id, ...input });
  expect(await change({ events: ["RUN_FAILED"] })).toMatchObject({ description: "CRM", events: ["RUN_FAILED"] });
  expect(await change({ events: null, enabled: false })).toMatchObject({ events: null, enabled: false });
  const before = there.received.length;
  const delivery = await mutate(admin, "testWebhook", "WebhookDelivery", "type state", id);
  expect(delivery).toMatchObject({ type: "webhook.test", state: "PENDING" });
  await until(() => there.received.length > before);
  const rotated = await mutate(admin, "rotateWebhookSecret", "WebhookSecret", "secret webhook { oldSecretUntil }", id);
  expect(rotated.secret).toMatch(/^whsec_/);
  expect([rotated.secret === secret, Date.parse(rotated.webhook.oldSecretUntil) > Date.now()]).toEqual([false, true]);
  expect(await mutate(admin, "deleteWebhook", "Webhook", "id enabled", id)).toMatchObject({ enabled: false });
  expect(await viewer.get(`query ($id: ID!) { node(id: $id) { id } }`, { id: webhook.id })).toEqual({ node: null });
  expect(await mutate(admin, "testWebhook", "WebhookDelivery", "state", id)).toMatchObject({ refusal: "NOT_FOUND" });
});

test("faults are named, and only an admin changes anything", async () => {
  expect(await create({ url: "nowhere" })).toMatchObject({ refusal: "INVALID_INPUT", issues: [{ path: "url" }] });
  const editor = await hire(shop, "Edi", "approver");
  expect(await create({ url: there.url }, editor)).toMatchObject({ refusal: "FORBIDDEN" });
  const { webhooks } = await viewer.get("{ webhooks { nodes { id } } }");
  expect(webhooks.nodes).toHaveLength(1);
});
