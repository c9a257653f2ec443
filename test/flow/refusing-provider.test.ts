import { afterAll, expect, test } from "bun:test";
import { whyMember } from "../../src/campaign/progress/why.ts";
import type { ExternalChannelName } from "../../src/channels/catalog.ts";
import { hire, idOf, type Operator } from "../support/operators.ts";
import { openMessages, queueMessages } from "../support/queue.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const words = "the sandbox was told to be busy";

/** A run that waits for a provider who refuses everything for now, told so by an operator. */
async function refused(channel: ExternalChannelName): Promise<{ shop: Shop; admin: Operator; run: number }> {
  const shop = await openShop();
  const admin = await hire(shop, "a", "admin");
  await shop.members(5);
  const input = `mutation { setSandboxFaults(input: { channel: ${channel}, busy: 1 }) { __typename } }`;
  expect((await admin.get(input)).setSandboxFaults.__typename).not.toContain("Refusal");
  return { shop, admin, run: await shop.launched({ channels: [channel] }) };
}

const progressQuery = `query ($id: ID!) { run(id: $id) { progress { waitsFor channels {
  refusal { words times since nextAt advice } } } } }`;
const progressOf = async (admin: Operator, run: number) =>
  (await admin.get(progressQuery, { id: idOf("Run", run) })).run.progress;

test.each(["EMAIL", "SMS"] as const)(
  "while the provider of %s refuses, its words stand in the run, its messages and its members, and end with it",
  async (channel) => {
    const { shop, admin, run } = await refused(channel);
    const told = async () => (await openMessages(admin, run)).find(({ why }) => why.verdict === "RETRYING");
    const message = await until(told, undefined, "a message to tell of the provider");
    expect(message?.why.summary).toContain(words);
    expect(message?.why.summary).toMatch(/(Once|times) since 20\d\d-/);
    expect(message?.why.advice).toContain("at the provider or in the settings");
    const { waitsFor, channels } = await progressOf(admin, run);
    expect(channels[0].refusal).toMatchObject({ words, times: expect.any(Number), advice: expect.any(String) });
    expect(waitsFor).toContain(words);
    const why = accepted(await whyMember(shop.ctx, { run, member: 1 }));
    expect(why.channels[0]?.words).toContain(words);
    const again = async () => {
      shop.pass(100);
      return (await progressOf(admin, run)).channels[0].refusal?.times > 1;
    };
    await until(again, undefined, "another refusal");
    const ending = await progressOf(admin, run);
    expect(Date.parse(ending.channels[0].refusal.since)).toBe(Date.parse(channels[0].refusal.since));
    shop.ctx.sandbox.setFaults(channel, {});
    await shop.endsSoon(run);
    expect((await progressOf(admin, run)).channels[0].refusal).toBeNull();
    expect(await openMessages(admin, run)).toEqual([]);
    expect(await shop.faults(run)).toEqual([]);
  },
);

test("a test message that the provider refuses says so in the provider's words, too", async () => {
  const shop = await openShop();
  const admin = await hire(shop, "a", "admin");
  await shop.members(1);
  shop.ctx.sandbox.setFaults("EMAIL", { busy: 1 });
  const campaign = await shop.campaign({ channels: ["EMAIL"] });
  const input = { campaignId: idOf("Campaign", campaign), memberId: idOf("Member", 1), channel: "EMAIL" };
  expect((await admin.does("testSend", input, "__typename")).__typename).toBe("ContentPreview");
  const told = async () => (await queueMessages(admin, 'state: RETRYING, job: "campaign-test"')).nodes[0];
  const message = await until(told, undefined, "the test to be tried again");
  expect(message?.why.summary).toContain(`the provider of EMAIL puts it off: ${words}`);
});
