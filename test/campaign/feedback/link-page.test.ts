import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { type Link, linkUrl } from "../../../src/campaign/content/link.ts";
import { preferredLanguage } from "../../../src/web/language.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ env: { SHOP_NAME: `Ben & Jo's <b>shop</b>`, BATCH_WINDOW: "1" } });
  await shop.members(150);
});
afterAll(closeShops);

const get = (url: string, headers: Record<string, string> = {}) => fetch(url, { redirect: "manual", headers });
const oneClick = (url: string) =>
  fetch(url, { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }), redirect: "manual" });
const unsubscribe = (member: number, run = 1): Link => ({
  to: "unsubscribe",
  run,
  channel: "EMAIL",
  member,
  topic: "promotions",
});
const consents = (member: number) =>
  shop.ctx.db.all(sql`SELECT channel, topic, granted, source FROM consent WHERE member = ${member} AND topic <> '*'`);

describe("a link in a message", () => {
  test("counts the click once in the ledger and goes on to its address", async () => {
    const run = await shop.launched({
      channels: ["EMAIL"],
      content: {
        EMAIL: {
          default: { subject: "s", html: `<a href="https://shop.test/sale?a=1&amp;b=ü&amp;n=O&#39;Brien">go</a>` },
        },
      },
    });
    await shop.becomes(run, "COMPLETED");
    const { deliveries } = shop.ctx.sandbox.list({ ref: `${run}:7` });
    const link = /href="([^"]+)">go/.exec(deliveries[0]?.parts.html ?? "")?.[1] ?? "";
    const clicks = await Promise.all([get(link), get(link), get(link)]);
    for (const click of clicks) {
      expect(click.status).toBe(302);
      expect(click.headers.get("location")).toBe("https://shop.test/sale?a=1&b=%C3%BC&n=O%27Brien");
    }
    const progress = await shop.ctx.db.all(sql`SELECT member, progress FROM send WHERE run = ${run} AND progress > 0`);
    expect(progress).toEqual([{ member: 7, progress: 3 }]);
    expect(await shop.faults(run)).toEqual([]);
  });

  test("that was changed, or is none at all, is a page that says so, never a redirect or a fault", async () => {
    const url = linkUrl(shop.ctx, { to: "url", run: 1, channel: "EMAIL", member: 1, url: "https://shop.test/" });
    const stop = linkUrl(shop.ctx, unsubscribe(1));
    const token = stop.split("/u/")[1] ?? "";
    const bad = [
      `${url}x`,
      url.replace("/l/", "/u/"),
      stop.replace("/u/", "/l/"),
      `${shop.app.url}/l/`,
      `${shop.app.url}/u/e30.x`,
    ];
    for (const link of [...bad, `${shop.app.url}/u/x${token}`]) {
      const answer = await get(link);
      expect([link, answer.status]).toEqual([link, 404]);
      expect(await answer.text()).toContain("This link does not work");
    }
    expect((await oneClick(`${stop}x`)).status).toBe(404);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), fc.constantFrom("l", "u"), async (text, path) => {
        expect((await get(`${shop.app.url}/${path}/${encodeURIComponent(text)}.${text.length}`)).status).toBe(404);
      }),
      { numRuns: 100 },
    );
  });

  test("never leads anywhere but to the web", async () => {
    const link = linkUrl(shop.ctx, { to: "url", run: 1, channel: "EMAIL", member: 1, url: "javascript:alert(1)" });
    expect((await get(link)).status).toBe(404);
  });
});

describe("the page that unsubscribes", () => {
  test("shows on GET what it would do, in the reader's language, and changes nothing", async () => {
    const link = linkUrl(shop.ctx, unsubscribe(2));
    const page = await get(link);
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html).toContain('<form method="post"><button type="submit">Unsubscribe</button></form>');
    expect(html).toContain("Ben &amp; Jo&#x27;s &lt;b&gt;shop&lt;/b&gt;");
    expect(html).not.toContain("<script");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const chinese = await get(link, { "accept-language": "fr;q=0.9, zh-CN;q=0.8, en;q=0.5" });
    expect(await chinese.text()).toContain('<html lang="zh">');
    expect(await consents(2)).toEqual([]);
  });

  test("withdraws consent for channel and topic on POST, from a mail program or the button, repeatedly", async () => {
    const link = linkUrl(shop.ctx, unsubscribe(3));
    for (const answer of [await oneClick(link), await fetch(link, { method: "POST" }), await oneClick(link)]) {
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain("You are unsubscribed");
    }
    expect(await consents(3)).toEqual([
      { channel: "EMAIL", topic: "promotions", granted: 0, source: "unsubscribe-link" },
    ]);
    expect((await fetch(link, { method: "DELETE" })).status).toBe(405);
  });

  test("I14 a member who unsubscribes while the run is under way is skipped by every batch frozen after", async () => {
    shop.ctx.sandbox.setFaults("EMAIL", { delayMs: 300 });
    const run = await shop.launched({ channels: ["EMAIL"] });
    const row = async (member: number) =>
      (
        await shop.ctx.db.first<{ is: string }>(
          sql`SELECT rtrim(state || ' ' || reason) AS "is" FROM send WHERE run = ${run} AND member = ${member}`,
        )
      )?.is;
    await until(async () => (await row(1)) === "SENDING", undefined, "the first batch");
    await until(async () => (await row(150)) === "PENDING", undefined, "the second page");
    expect((await oneClick(linkUrl(shop.ctx, unsubscribe(150, run)))).status).toBe(200);
    await shop.becomes(run, "COMPLETED");
    shop.ctx.sandbox.setFaults("EMAIL", {});
    expect(await row(150)).toBe("SKIPPED NO_CONSENT");
    expect(shop.ctx.sandbox.list({ ref: `${run}:150` }).deliveries).toEqual([]);
    expect(await shop.faults(run)).toEqual([]);
  });
});

test.each([
  [null, "en"],
  ["de, fr", "en"],
  ["zh-TW", "zh"],
  ["en-US,en;q=0.9,zh;q=0.8", "en"],
  ["zh;q=0, en;q=0.1", "en"],
  ["zha, *;q=0.1", "en"],
] as const)("the language for %p is %s", (accepted, language) => expect(preferredLanguage(accepted)).toBe(language));
