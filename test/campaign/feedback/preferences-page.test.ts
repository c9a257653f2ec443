import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { linkUrl } from "../../../src/campaign/content/link.ts";
import { unsubscribePage } from "../../../src/campaign/feedback/link-page.ts";
import { preferencesPage } from "../../../src/campaign/feedback/preferences-page.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";

let shop: Ledger;
beforeAll(async () => {
  shop = await openLedger();
  await shop.members(12, { email: "'u' || (i / 2) || '@shop.test'" });
  await shop.campaign({ topic: "deals", channels: ["EMAIL"] });
  await shop.ctx.db.write([sql`UPDATE campaign SET state = 'ENDED'`]);
});
afterAll(closeLedgers);

const tokenOf = (member: number) =>
  linkUrl(shop.ctx, { to: "unsubscribe", run: 1, channel: "EMAIL", member, topic: "promotions" }).split("/u/")[1] ?? "";
const visit = (member: number, init: RequestInit = {}) =>
  preferencesPage(shop.ctx, tokenOf(member), new Request("http://shop.test/p/x", init));
const send = (member: number, shown: string[], on: string[], more: [string, string][] = []) => {
  const fields = [...shown.map((box) => ["shown", box]), ...on.map((box) => ["on", box]), ...more];
  return visit(member, { method: "POST", body: new URLSearchParams(fields) });
};
/** The boxes of a page, those that are ticked with a `+`. */
const boxesOf = (html: string) =>
  [...html.matchAll(/name="on" value="([^"]+)"( checked)?/g)].map(([, box, on]) => `${on ? "+" : "-"}${box}`);
const words = (member: number) =>
  shop.ctx.db.all(sql`
    SELECT channel || ':' || topic AS box, granted FROM consent
    WHERE member = ${member} AND topic <> '*' ORDER BY 1`);

describe("the preferences page", () => {
  test("shows on GET each topic on each channel that reaches her, in her language, and changes nothing", async () => {
    const page = await visit(2);
    const html = await page.text();
    expect([page.status, page.headers.get("content-security-policy")]).toEqual([
      200,
      expect.stringContaining("default-src 'none'"),
    ]);
    expect(boxesOf(html)).toEqual(
      ["IN_APP", "POPUP", "EMAIL", "SMS", "PUSH"].flatMap((channel) =>
        ["deals", "promotions", "*"].map((topic) => `+${channel}:${topic}`),
      ),
    );
    expect(html).not.toMatch(/<script|https?:\/\/|@shop\.test/);
    const chinese = await (await visit(2, { headers: { "accept-language": "zh" } })).text();
    for (const text of ["消息偏好", "电子邮件", "全部退订"]) expect(chinese).toContain(text);
    expect(await words(2)).toEqual([]);
  });

  test("writes down on POST what differs, by e-mail for all who share the address, and shows it", async () => {
    const shown = ["EMAIL:deals", "EMAIL:promotions", "SMS:deals"];
    const page = await send(4, [...shown, "EMAIL:unheard-of", "FAX:deals"], ["EMAIL:promotions"]);
    const html = await page.text();
    expect(html).toMatch(/role="status">This is saved/);
    expect(boxesOf(html)).toEqual(expect.arrayContaining(["-EMAIL:deals", "+EMAIL:promotions", "-SMS:deals"]));
    expect(await words(4)).toEqual([
      { box: "EMAIL:deals", granted: 0 },
      { box: "SMS:deals", granted: 0 },
    ] as never);
    expect(await words(5)).toEqual([{ box: "EMAIL:deals", granted: 0 }] as never);
    await send(4, shown, shown);
    expect(await words(5)).toEqual([{ box: "EMAIL:deals", granted: 1 }] as never);
  });

  test("stops all that was shown by one button, and keeps what is ticked when the rest is stopped", async () => {
    const all = ["deals", "promotions", "*"].map((topic) => `EMAIL:${topic}`);
    await send(6, all, ["EMAIL:deals"]);
    expect(boxesOf(await (await visit(6)).text())).toEqual(
      expect.arrayContaining(["+EMAIL:deals", "-EMAIL:promotions", "-EMAIL:*", "+SMS:*"]),
    );
    await send(6, all, all, [["none", "1"]]);
    expect(boxesOf(await (await visit(6)).text())).toEqual(
      expect.arrayContaining(["-EMAIL:deals", "-EMAIL:promotions", "-EMAIL:*", "+SMS:*"]),
    );
  });

  test("says so of a link that was changed, or whose member was erased, and takes no long form", async () => {
    const bad = await preferencesPage(shop.ctx, `${tokenOf(8)}x`, new Request("http://shop.test/p/x"));
    await shop.ctx.db.write([sql`UPDATE member SET deleted_at = 1 WHERE seq = 8`]);
    expect([bad.status, (await visit(8)).status, (await visit(2, { method: "PUT" })).status]).toEqual([404, 404, 405]);
    expect((await visit(2, { method: "POST", body: "x".repeat(70_000) })).status).toBe(413);
  });
});

test("an unsubscribing is taken back by the button on the page that tells of it", async () => {
  const post = async (body: Record<string, string>) =>
    (
      await unsubscribePage(
        shop.ctx,
        tokenOf(10),
        new Request("http://shop.test/u/x", { method: "POST", body: new URLSearchParams(body) }),
      )
    ).text();
  const done = await post({ "List-Unsubscribe": "One-Click" });
  expect(done).toContain('<button type="submit" name="undo" value="1">');
  expect(done).toContain(`href="../p/${tokenOf(10)}"`);
  expect([await words(10), await words(11)]).toEqual(Array(2).fill([{ box: "EMAIL:promotions", granted: 0 }]));
  expect(await post({ undo: "1" })).toContain("You are subscribed again");
  expect([await words(10), await words(11)]).toEqual(Array(2).fill([{ box: "EMAIL:promotions", granted: 1 }]));
});
