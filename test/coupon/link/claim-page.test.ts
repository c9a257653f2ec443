import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { claimByLink } from "../../../src/coupon/link/claim-by-link.ts";
import { claimUrl, readClaimLink } from "../../../src/coupon/link/claim-link.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ env: { SHOP_NAME: "Ben & Jo" } });
  await shop.members(40, { level: "i" });
});
afterAll(closeShops);

type Facts = Parameters<typeof addTemplate>[1];

/** A link to claim a coupon of a new template. */
async function linkTo(facts: Facts = {}, { member = 1, lastsMs = 60_000 } = {}): Promise<string> {
  const { id } = await addTemplate(shop.ctx, facts);
  return claimUrl(shop.ctx, { template: id, member, until: shop.ctx.clock() + lastsMs });
}

const ask = (url: string, init: RequestInit = {}) => fetch(url, { redirect: "manual", ...init });
const held = async (member: number) =>
  (await shop.ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM coupon WHERE member = ${member}`))?.n;

describe("a claim link", () => {
  test("shows on GET and HEAD, as often as scanners like, a page with a button, and claims nothing", async () => {
    const link = await linkTo({ name: "<b>Ten</b>" }, { member: 2 });
    for (const method of ["GET", "HEAD", "GET"]) expect((await ask(link, { method })).status).toBe(200);
    const page = await ask(link);
    const html = await page.text();
    expect(html).toContain('<form method="post"><button type="submit">Get the coupon</button></form>');
    expect(html).toContain("&lt;b&gt;Ten&lt;/b&gt;");
    expect(html).not.toMatch(/<script|src=|https?:\/\//);
    expect(Object.fromEntries(page.headers)).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
    });
    expect(await held(2)).toBe(0);
  });

  test("claims on POST, for the member whom it names, and shows the code", async () => {
    const link = await linkTo({ codeMode: "ON_CLAIM", codePrefix: "TEN" }, { member: 3 });
    const page = await ask(link, { method: "POST", headers: { "accept-language": "zh" } });
    expect([page.status, page.headers.get("content-language"), page.headers.get("cache-control")]).toEqual([
      200,
      "zh",
      "no-store",
    ]);
    expect(await page.text()).toMatch(/领取成功[\s\S]*<code>TEN-/);
    await Promise.all([1, 2, 3].map(() => ask(link, { method: "POST" })));
    expect(await held(3)).toBe(1);
  });

  test("leads to the template's own page where it has one, with the token, without telling others", async () => {
    const link = await linkTo({ activeUrl: "https://shop.test/sale?a=1#top" }, { member: 4 });
    const answers = [await ask(link), await ask(link, { method: "HEAD" })];
    const token = link.split("/c/")[1];
    for (const { status, headers } of answers) {
      expect([status, headers.get("location")]).toEqual([302, `https://shop.test/sale?a=1&claim=${token}#top`]);
      expect([headers.get("referrer-policy"), headers.get("cache-control")]).toEqual(["no-referrer", "no-store"]);
    }
    expect(await held(4)).toBe(0);
    expect((await ask(link, { method: "POST" })).status).toBe(200);
    expect(await held(4)).toBe(1);
  });

  test("says in the reader's language what it is worth, from which amount, of what, and until when", async () => {
    const facts = {
      kind: "FULL_REDUCTION",
      params: { spend: 20_000, off: 3_000 },
      currency: "EUR",
      conditions: { categories: { include: ["shoes"] } },
      closesAt: Date.UTC(2099, 0, 2, 12),
      validDays: 30,
    };
    const link = await linkTo(facts, { member: 11 });
    const english = await (await ask(link)).text();
    for (const words of [
      "€30 off from €200",
      "for categories shoes",
      "Valid until the end of the 30th day after you get it",
      "January 2, 2099",
    ])
      expect(english).toContain(words);
    const chinese = await (await ask(link, { headers: { "accept-language": "zh-CN" } })).text();
    for (const words of ["满€200减€30", "仅限类目 shoes", "有效期至领取后第30天结束", "2099年1月2日"])
      expect(chinese).toContain(words);
    const claimed = await (await ask(link, { method: "POST" })).text();
    expect(claimed).toContain("€30 off from €200");
    expect(claimed).toMatch(/Valid until [A-Z][a-z]+ \d/);
  });

  test("says when by the clock of the member whom it names, and whose clock that is", async () => {
    const [from, to] = [Date.UTC(2099, 0, 1, 16), Date.UTC(2099, 0, 3, 16)];
    await shop.ctx.db.write([sql`UPDATE member SET time_zone = 'Asia/Shanghai' WHERE seq = 14`]);
    const link = await linkTo({ validFrom: from, validTo: to, closesAt: to - 3_600_000 }, { member: 14 });
    const english = await (await ask(link)).text();
    expect(english).toMatch(/Valid from January 2, 2099 at 12:00\sAM until January 3, 2099 at 11:59\sPM GMT\+8/);
    expect(english).toMatch(/To be had until January 3, 2099 at 11:00\sPM GMT\+8/);
    const other = await linkTo({ opensAt: from, validTo: to }, { member: 14 });
    const days = await (await ask(await linkTo({ validDays: 0 }, { member: 14 }))).text();
    expect(days).toContain("the day on which you get it (by the clock in UTC)");
    const early = await (await ask(other, { method: "POST", headers: { "accept-language": "zh" } })).text();
    expect(early).toContain("将于 2099年1月2日 00:00 GMT+8 开始");
  });

  test("asks no more once it has given the coupon, however it was claimed, and says when that was used", async () => {
    const link = await linkTo({ codeMode: "ON_CLAIM", codePrefix: "TEN" }, { member: 12 });
    await ask(link, { method: "POST" });
    const html = await (await ask(link)).text();
    expect(html).toMatch(/You have it already[\s\S]*<code>TEN-/);
    expect(html).not.toContain("<form");
    const { template = 0 } = readClaimLink(shop.ctx, link.split("/c/")[1] ?? "") ?? {};
    const other = claimUrl(shop.ctx, { template, member: 12, until: shop.ctx.clock() + 10 * 60_000 });
    expect(await (await ask(other)).text()).toContain("You have it already");
    await shop.ctx.db.write([sql`UPDATE coupon SET state = 'USED' WHERE member = 12`]);
    expect(await (await ask(link)).text()).toContain("You had it already");
  });

  test("is claimed by the shop's own page for the member whom it names, and for nobody else", async () => {
    const link = await linkTo({ activeUrl: "https://shop.test/sale" }, { member: 13 });
    const token = new URL((await ask(link)).headers.get("location") ?? "").searchParams.get("claim") ?? "";
    const as = (seq: number) => ({ ...shop.ctx, actor: { kind: "member", seq, id: `m_${seq}` } }) as const;
    const given = await claimByLink(as(13), { token });
    expect(given).toMatchObject({ member: 13 });
    expect(await claimByLink(as(13), { token })).toEqual(given);
    expect(await claimByLink(as(14), { token })).toMatchObject({ code: "NOT_FOUND" });
    expect(await claimByLink(as(13), { token: `${token}0` })).toMatchObject({ code: "NOT_FOUND" });
    expect([await held(13), await held(14)]).toEqual([1, 0]);
    const old = (await linkTo({}, { member: 13, lastsMs: -120_000 })).split("/c/")[1] ?? "";
    expect(await claimByLink(as(13), { token: old })).toMatchObject({ code: "ENDED" });
  });

  test("that was changed, forged, or is none at all is a page that says so, and claims nothing", async () => {
    const link = await linkTo({}, { member: 5 });
    const other = await linkTo({}, { member: 6 });
    const [mine = "", theirs = ""] = [link, other].map((url) => url.split("/c/")[1]);
    const swapped = [...mine.split("-").slice(0, 3), theirs.split("-")[3]].join("-");
    for (const token of [swapped, `${mine}0`, mine.slice(0, -1), mine.toUpperCase(), "", "x", `0${mine}`]) {
      for (const method of ["GET", "HEAD", "POST"]) {
        const answer = await ask(`${shop.app.url}/c/${token}`, { method });
        expect([token, method, answer.status]).toEqual([token, method, 404]);
      }
    }
    expect(await (await ask(`${shop.app.url}/c/x`)).text()).toContain("This link does not work");
    expect([await held(5), await held(6)]).toEqual([0, 0]);
  });

  test("of a member who was erased, or a template that is a draft or given otherwise, is as good as none", async () => {
    const gone = await linkTo({}, { member: 7 });
    await shop.ctx.db.write([sql`UPDATE member SET deleted_at = 1 WHERE seq = 7`]);
    for (const link of [gone, await linkTo({ state: "DRAFT" }), await linkTo({ issueMode: "SYSTEM" })]) {
      expect((await ask(link, { method: "POST" })).status).toBe(404);
    }
    expect(await held(7)).toBe(0);
  });

  test("that has expired says so", async () => {
    const link = await linkTo({}, { member: 8, lastsMs: -120_000 });
    for (const method of ["GET", "POST"]) {
      const page = await ask(link, { method });
      expect([page.status, await page.text()]).toEqual([410, expect.stringContaining("This link has expired")]);
    }
    expect(await held(8)).toBe(0);
  });

  const now = Date.now();
  test.each<[string, Facts, number, RegExp]>([
    ["sold out", { stock: 1, issued: 1, state: "SOLD_OUT" }, 409, /All gone/],
    ["over", { closesAt: now - 1 }, 410, /This is over/],
    ["not open yet", { opensAt: Date.UTC(2099, 0, 2, 12) }, 409, /Not yet[\s\S]*January 2, 2099/],
    ["for others", { eligibility: { level: { gt: 30 } } }, 409, /Not for you/],
  ])("to a coupon that is %s says so in words", async (_, facts, status, words) => {
    const page = await ask(await linkTo(facts, { member: 9 }), { method: "POST" });
    expect([page.status, await page.text()]).toEqual([status, expect.stringMatching(words)]);
  });

  test("tells a member who holds the coupon by another way so", async () => {
    const link = await linkTo({}, { member: 10 });
    const template = readClaimLink(shop.ctx, link.split("/c/")[1] ?? "")?.template ?? 0;
    const again = claimUrl(shop.ctx, { template, member: 10, until: shop.ctx.clock() + 10 * 60_000 });
    expect((await ask(link, { method: "POST" })).status).toBe(200);
    const page = await ask(again, { method: "POST" });
    expect([page.status, await page.text()]).toEqual([409, expect.stringContaining("You have it already")]);
  });

  test("takes no other method", async () => {
    const answer = await ask(await linkTo(), { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
  });
});

test("a token stands for exactly what it was made of, and nothing else is one", () => {
  const ids = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(ids, ids, fc.integer({ min: 0, max: 4_000_000_000 }), (template, member, minutes) => {
      const link = { template, member, until: minutes * 60_000 };
      const token = claimUrl(shop.ctx, link).split("/c/")[1] ?? "";
      expect(readClaimLink(shop.ctx, token)).toEqual(link);
      expect(token.length).toBeLessThan(70);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => readClaimLink(shop.ctx, text) === undefined));
});
