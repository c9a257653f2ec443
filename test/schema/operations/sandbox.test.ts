import { afterAll, beforeAll, expect, test } from "bun:test";
import { setSandboxFaults } from "../../../src/operations/sandbox.ts";
import { askAdmin, dataOf } from "../../support/ask.ts";
import { hire } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
let run: string;
beforeAll(async () => {
  shop = await openShop();
  await shop.members(30);
  const first = await shop.launched({ channels: ["EMAIL", "SMS"] });
  await shop.becomes(first, "COMPLETED");
  const second = await shop.launched({ channels: ["PUSH"] });
  await shop.becomes(second, "COMPLETED");
  run = Buffer.from(`Run:${first}`).toString("base64");
});
afterAll(closeShops);

const ask = async (query: string) => dataOf(await askAdmin(shop, query));

test("operators read what the sandbox took, by channel, run and recipient, page by page", async () => {
  const page = (
    await ask(`{ sandboxOutbox(first: 20, runId: "${run}", channel: SMS) {
    nodes { channel to parts { name text } ref } pageInfo { hasNextPage endCursor } } }`)
  ).sandboxOutbox;
  expect(page.nodes).toHaveLength(20);
  expect(page.nodes[0]).toMatchObject({ channel: "SMS", parts: [{ name: "text" }] });
  const rest = (
    await ask(`{ sandboxOutbox(first: 20, after: "${page.pageInfo.endCursor}", runId: "${run}", channel: SMS) {
    nodes { ref } pageInfo { hasNextPage } } }`)
  ).sandboxOutbox;
  expect([rest.nodes.length, rest.pageInfo.hasNextPage]).toEqual([10, false]);
  const [mail, ...more] = (
    await ask(`{ sandboxOutbox(recipient: "u7@shop.test") { nodes { ref parts { name text } unsubscribeUrl } } }`)
  ).sandboxOutbox.nodes;
  expect(more).toEqual([]);
  expect(mail.ref).toEndWith(":7");
  expect(mail.unsubscribeUrl).toContain("/u/");
  expect((await ask("{ sandboxOutbox(channel: IN_APP) { nodes { ref } } }")).sandboxOutbox.nodes).toEqual([]);
});

test("a viewer sees who was written to, and neither what it said nor a link that acts for the member", async () => {
  const vic = await hire(shop, "vic", "viewer");
  const asked = async (field: string) =>
    (await vic.ask(`{ sandboxOutbox(first: 1) { nodes { ref to ${field} } } }`)).code;
  expect(await asked("channel")).toBeUndefined();
  expect([await asked("unsubscribeUrl"), await asked("parts { text }")]).toEqual(["FORBIDDEN", "FORBIDDEN"]);
  const ed = await hire(shop, "ed", "editor");
  const { sandboxOutbox } = await ed.get("{ sandboxOutbox(first: 1) { nodes { parts { text } unsubscribeUrl } } }");
  expect(sandboxOutbox.nodes[0].parts).not.toEqual([]);
});

test("operators see how much it took, and whether anyone got anything twice", async () => {
  const sums = async (args: string) =>
    (await ask(`{ sandboxSums${args} { channels { channel deliveries } duplicates } }`)).sandboxSums;
  const all = await sums("");
  expect(all.channels.slice(0, 3)).toEqual([
    { channel: "EMAIL", deliveries: 30 },
    { channel: "SMS", deliveries: 30 },
    { channel: "PUSH", deliveries: 30 },
  ]);
  expect(all.duplicates).toBe(0);
  expect((await sums(`(runId: "${run}")`)).channels[2]).toEqual({ channel: "PUSH", deliveries: 0 });
});

test("an admin tells it what to do wrong, within bounds, and reads it back", async () => {
  const set = async (input: string) =>
    (
      await ask(`mutation { setSandboxFaults(input: { ${input} }) { __typename
      ... on SandboxFaults { channel fail busy }
      ... on InvalidInput { issues { path } }
      ... on Refusal { message } } }`)
    ).setSandboxFaults;
  expect(await set("channel: SMS, fail: 0.5")).toMatchObject({ channel: "SMS", fail: 0.5, busy: 0 });
  expect((await ask("{ sandboxFaults { channel fail } }")).sandboxFaults).toContainEqual({ channel: "SMS", fail: 0.5 });
  expect(await set("channel: SMS")).toMatchObject({ fail: 0 });
  expect(await set("channel: SMS, fail: 2")).toMatchObject({ __typename: "InvalidInput", issues: [{ path: "fail" }] });
  expect(await set("channel: SMS, drop: 0.6, late: 0.6")).toMatchObject({ __typename: "InvalidInput" });
  expect(await set("channel: IN_APP, fail: 1")).toMatchObject({
    __typename: "InvalidInput",
    issues: [{ path: "channel" }],
  });
});

test("a production that does not name the sandbox refuses to play with it", async () => {
  const ctx = { ...shop.ctx, settings: { ...shop.ctx.settings, slices: { operations: { sandboxAllowed: false } } } };
  expect(await setSandboxFaults(ctx, { channel: "EMAIL", fail: 1 })).toMatchObject({ code: "FORBIDDEN" });
  expect(ctx.sandbox.faults().EMAIL.fail).toBe(0);
});
