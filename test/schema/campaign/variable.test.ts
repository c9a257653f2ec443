import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { ListedVariable } from "../../../src/campaign/content/variable-list.ts";
import { addTemplate } from "../../support/coupons.ts";
import { hire, idOf, type Operator } from "../../support/operators.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";

let shop: Shop;
let ed: Operator;
beforeAll(async () => {
  shop = await openShop();
  await shop.members(1);
  ed = await hire(shop, "Ed", "editor");
});
afterAll(closeShops);

test("whoever writes a text asks what it may say, and how that reads", async () => {
  const vic = await hire(shop, "Vic", "viewer");
  const query = "query ($of: ContentPurpose!) { contentVariables(purpose: $of) { name about usage example channels } }";
  const listed = async (of: string): Promise<ListedVariable[]> => (await vic.get(query, { of })).contentVariables;
  const given = await listed("GIVEN");
  expect(given).toContainEqual({
    name: "coupon.validUntil",
    about: expect.stringContaining("that very coupon's end"),
    usage: '{{ coupon.validUntil }}, or {{ coupon.validUntil | date: "%d.%m.%Y %H:%M" }}',
    example: "December 31, 2026 at 11:59 PM GMT+1, or 31.12.2026 23:59",
    channels: ["IN_APP", "POPUP", "EMAIL", "SMS", "PUSH"],
  });
  expect(given.find(({ name }) => name === "unsubscribeUrl")?.channels).toEqual(["EMAIL"]);
  expect(given.every(({ about, example }) => about !== "" && example !== "")).toBe(true);
  expect((await listed("INVITED")).map(({ name }) => name)).toContain("coupon.claimUrl");
});

test("a preview says what one member would read, with a code as long as theirs, of which none is made", async () => {
  const { id } = await addTemplate(shop.ctx, {
    kind: "FULL_REDUCTION",
    params: { spend: 3_000, off: 500 },
    ...{ currency: "JPY", codeMode: "ON_CLAIM", codePrefix: "TEN", validTo: Date.parse("2099-12-31T22:59Z") },
  });
  await shop.ctx.db.write([sql`UPDATE member SET locale = 'de', time_zone = 'Asia/Tokyo', name = 'Kim' WHERE seq = 1`]);
  const draft = (text: string) => ({
    ...{ name: "Gift", kind: "COUPON_ISSUE", couponTemplateId: idOf("CouponTemplate", id), channels: ["SMS"] },
    content: [{ parts: { sms: { text } } }],
  });
  const wrong = "Hallo\n{{ member.name }}: {{ coupon.value }}";
  expect((await ed.does("createCampaign", draft(wrong))).issues).toEqual([
    { path: "content.SMS.default.text:2:23", message: expect.stringContaining('"coupon.value"; there are') },
  ]);
  const text =
    "{{ member.name }}: {{ coupon.off }} ab {{ coupon.threshold }}, {{ coupon.code }}, {{ coupon.validUntil }}";
  const campaign = await ed.does("createCampaign", draft(text));
  const { previewContent } = await ed.get(
    "query ($id: ID!, $to: ID!) { previewContent(campaignId: $id, memberId: $to, channel: SMS) { parts { text } } }",
    { id: campaign.id, to: idOf("Member", 1) },
  );
  const [{ text: read }] = previewContent.parts;
  expect(read).toMatch(/^Kim: 500 ¥ ab 3\.000 ¥, TEN-0{13,}, 1\. Januar 2100 um 07:59 GMT\+9$/);
  expect(await shop.ctx.db.all(sql`SELECT 1 FROM coupon`)).toEqual([]);
});

test("a reminder is no campaign that operators write: its policy is", async () => {
  const { id } = await addTemplate(shop.ctx);
  const draft = { name: "Soon", kind: "COUPON_REMINDER", couponTemplateId: idOf("CouponTemplate", id) };
  const { issues } = await ed.does("createCampaign", { ...draft, channels: ["IN_APP"] });
  expect(issues).toEqual([{ path: "kind", message: expect.stringContaining("setCouponNoticePolicy") }]);
});
