import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { createCampaign } from "../../src/campaign/draft/campaign.ts";
import { previewContent } from "../../src/campaign/rehearsal/preview.ts";
import { requestTestSend } from "../../src/campaign/rehearsal/test-send.ts";
import { askAs, dataOf, memberEnv } from "../support/ask.ts";
import { isLong } from "../support/length.ts";
import { askHealth, watchTurns } from "../support/liveness.ts";
import { accepted, closeShops, openShop, type Shop } from "../support/shop.ts";

/**
 * What somebody could do to the server with a template: `html` in an e-mail, `body` in the app. Members have a million
 * points, the examples that content is saved with 120: so each of them can be saved.
 */
const times = (n: number, body: string) =>
  `{% assign n = member.points | divided_by: ${1_000_000 / n} %}{% for i in (1..n) %}${body}{% endfor %}`;
const pages: Readonly<Record<string, string>> = {
  "one word": "Hello",
  "tags that are never closed": times(800, "<a ".repeat(100)),
  "references that are none": times(800, "&am&a".repeat(60)),
  "the most links": times(1_000, `<a href="https://x.test/?a=1&amp;b=2">x</a>`.repeat(5)),
  "the longest page": times(1_200, "x".repeat(200)),
};
const programs: Readonly<Record<string, string>> = {
  "a loop without an end": times(1_000_000, "{{ i | times: 3 }}"),
  "loops in loops": times(1_000, "{% for j in (1..n) %}{% if i == j %}x{% endif %}{% endfor %}"),
  "long lists": `{% assign s = "abcdefghij" %}${times(16, "{% assign s = s | append: s %}")}{{ s | split: "" | sort }}`,
  "names of months": times(1_000, "{{ 'now' | date: '%B%B%B%B%B%B' }}"),
  "texts in texts": `{% assign s = "<" %}${times(50, "{% assign s = s | append: s | strip_html | escape | squish %}")}`,
};
const heavy = [
  ...Object.entries(pages).map(([name, html]) => ({ name, html, body: "News" })),
  ...Object.entries(programs).map(([name, body]) => ({ name, html: `x${body}`, body: `x${body}` })),
];

describe.if(isLong)("while 41 members are sent, and one reads,", () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop({ env: memberEnv });
    await shop.members(41);
    // The messages of the first ones are made before the launch, which refuses what is too heavy for them.
    await shop.ctx.db.write([sql`UPDATE member SET points = iif(seq <= 5, 120, 1000000)`]);
  });
  afterAll(closeShops);

  async function tried(html: string, body: string): Promise<Record<string, number>> {
    const content = { EMAIL: { default: { subject: "Hi", html } }, IN_APP: { default: { title: "Hi", body } } };
    const draft = { name: "Heavy", channels: ["EMAIL" as const, "IN_APP" as const], content };
    const { id: campaign } = accepted(await createCampaign(shop.ctx, draft));
    for (const channel of draft.channels) await previewContent(shop.ctx, { campaign, member: 6, channel });
    await requestTestSend(shop.ctx, { campaign, member: 6, channel: "EMAIL" });
    const run = await shop.launch(campaign);
    await shop.becomes(run, "COMPLETED", 100_000);
    dataOf(await askAs(shop, 6, "{ myInbox(first: 4) { nodes { title body } } }"));
    return shop.ledger(run);
  }

  test.each(heavy)(
    "nobody waits for a template of $name",
    async ({ name, html, body }) => {
      const health = await askHealth(shop.app.url);
      const turns = watchTurns();
      let [longest, computed] = [0, 0];
      let ledger = {};
      try {
        ledger = await tried(html, body);
      } finally {
        longest = await health.stop();
        computed = turns.stop();
      }
      const figures = `longest wait ${longest} ms, longest turn ${computed.toFixed(1)} ms of processor time`;
      console.log(`${name}: ${figures}; ${JSON.stringify(ledger)}`);
      expect(longest).toBeLessThanOrEqual(100);
    },
    120_000,
  );
});
