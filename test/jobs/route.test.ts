import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { qstashSignature, type Signed, signingKeys } from "../support/qstash-signature.ts";
import { closeShops, openShop, type Shop } from "../support/shop.ts";

let shop: Shop;
let url: string;
const body = JSON.stringify({ run: 1, page: 0 });
const logged: string[] = [];
beforeAll(async () => {
  shop = await openShop({
    env: { PAGE_SIZE: "2" },
    log: (_level, event, fields) => void logged.push(`${event} ${JSON.stringify(fields)}`),
  });
  url = `${shop.app.url}/jobs/campaign-page`;
  await shop.members(250);
});
afterAll(closeShops);

async function deliver(signature: string | undefined, { to = url, sent = body }: { to?: string; sent?: string } = {}) {
  const headers = { "content-type": "application/json", ...(signature && { "upstash-signature": signature }) };
  const response = await fetch(to, { method: "POST", headers, body: sent });
  return { status: response.status, text: await response.text() };
}
const signed = (changes: Partial<Signed> = {}) => qstashSignature(shop, { url, body, ...changes });

describe("I13 a delivery that is not authentic is refused, and the refusal names the fault", () => {
  test.each([
    ["without a signature", async () => deliver(undefined), "not signed"],
    ["with words for a signature", async () => deliver("let me in"), "no signature of a queue"],
    [
      "signed with another's key",
      async () => deliver(await signed({ key: "sig_of_someone_else_32_characters_" })),
      "another key",
    ],
    ["of another issuer", async () => deliver(await signed({ issuer: "Someone" })), "issuer"],
    ["signed for another address", async () => deliver(await signed({ url: `${url}/elsewhere` })), "URL"],
    [
      "signed for another job, sent here",
      async () => deliver(await signed(), { to: url.replace("page", "plan") }),
      "URL",
    ],
    ["with another body", async () => deliver(await signed(), { sent: '{"run":2,"page":0}' }), "body"],
    ["that has expired", async () => deliver(await signed({ from: -400, until: -60 })), "expired"],
    ["that is not yet valid", async () => deliver(await signed({ from: 120 })), "not valid yet"],
  ])("%s", async (_name, send, fault) => {
    const { status, text } = await send();
    expect(status).toBe(401);
    expect(text).toContain(fault);
    expect(text).not.toContain("sig_");
  });

  test("signed with either key, and within 10 s of the clocks' difference, it is taken", async () => {
    const { next } = signingKeys(shop);
    for (const changes of [{}, { key: next }, { from: 5 }, { from: -305, until: -5 }]) {
      const to = `${shop.app.url}/jobs/campaign-cancel`;
      const sent = '{"run":999}';
      expect((await deliver(await signed({ ...changes, url: to, body: sent }), { to, sent })).status).toBe(200);
    }
  });

  test("and what is no job, no JSON, too long or not posted is a 4xx", async () => {
    const to = `${shop.app.url}/jobs/none`;
    expect((await deliver(await signed({ url: to }), { to })).status).toBe(404);
    expect((await deliver(await signed({ body: "{" }), { sent: "{" })).status).toBe(489);
    expect((await deliver(await signed({ body: '{"run":"x"}' }), { sent: '{"run":"x"}' })).status).toBe(489);
    expect((await deliver("x", { sent: "x".repeat(10_000_000) })).status).toBe(413);
    expect((await fetch(url)).status).toBe(405);
  });
});

test("I10 an authentic redelivery of a page, a plan or a batch is a 2xx and changes nothing", async () => {
  const run = await shop.launched({ channels: ["IN_APP", "EMAIL"] });
  await shop.becomes(run, "COMPLETED");
  const messages = await shop.ctx.db.all<{ name: string; payload: string }>(
    sql`SELECT name, payload FROM outbox WHERE name LIKE 'campaign-%' OR name = 'channel-send'`,
  );
  const state = () =>
    shop.ctx.db.all(sql`
      SELECT 'r', state, pages_written, matched FROM run
      UNION ALL SELECT channel, state, reason, n FROM tally ORDER BY 1, 2, 3`);
  const [before, deliveries] = [await state(), shop.ctx.sandbox.counts()];
  expect(new Set(messages.map(({ name }) => name)).size).toBe(4);
  for (const { name, payload } of [...messages, ...messages]) {
    const to = `${shop.app.url}/jobs/${name}`;
    expect((await deliver(await signed({ url: to, body: payload }), { to, sent: payload })).status).toBe(200);
  }
  expect(await state()).toEqual(before);
  expect(shop.ctx.sandbox.counts()).toEqual(deliveries);
  expect(await shop.faults(run)).toEqual([]);
  expect(logged.join("\n")).not.toContain("@shop.test");
});
