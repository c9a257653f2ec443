import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { previewContent } from "../../src/campaign/rehearsal/preview.ts";
import { requestTestSend } from "../../src/campaign/rehearsal/test-send.ts";
import { twilioSignature } from "../../src/channels/sms/callback.ts";
import { startTwilio, twilioAccount } from "../support/providers/twilio.ts";
import { accepted, closeShops, openShop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const template = `HX${"0a".repeat(16)}`;
const content = { SMS: { default: { text: "Sale today" }, zh: { text: "今日八折" } } };

test("an SMS to China leaves signed and with a way out, as preview and test said", async () => {
  const shop = await openShop({ env: { SMS_SIGNATURE: "飞帆商城", SMS_SEGMENT_PRICE: "0.05 USD" } });
  const { ctx } = shop;
  await shop.members(4, { phone: "CASE WHEN i > 2 THEN '+49151000000' ELSE '+861380013800' END || i" });
  await ctx.db.write([sql`UPDATE member SET locale = CASE seq WHEN 1 THEN 'zh-CN' WHEN 4 THEN 'de' ELSE locale END`]);
  const expected = ["【飞帆商城】今日八折 回T退订", "【飞帆商城】Sale today 回T退订", "Sale today"];
  const campaign = await shop.campaign({ channels: ["SMS"], content: { SMS: { ...content.SMS, de: { template } } } });
  for (const [i, text] of expected.entries()) {
    const preview = accepted(await previewContent(ctx, { campaign, member: i + 1, channel: "SMS" }));
    expect(preview.parts).toEqual({ text });
    expect(preview.size).toMatchObject({ encoding: i < 2 ? "UCS-2" : "GSM-7", segments: 1, price: 0.05 });
  }
  const unmeasured = accepted(await previewContent(ctx, { campaign, member: 4, channel: "SMS" }));
  expect(unmeasured).toMatchObject({ parts: { template }, size: null, locale: "de" });
  accepted(await requestTestSend(ctx, { campaign, member: 1, channel: "SMS" }));
  const run = await shop.launch(campaign);
  await shop.becomes(run, "COMPLETED");
  const texts = (name: string) =>
    ctx.sandbox
      .list({ run: name })
      .deliveries.map(({ ref, parts }) => [ref.split(":")[1], parts.text ?? parts.template]);
  expect(texts(String(run)).sort()).toEqual([...expected, template].map((text, i) => [String(i + 1), text]));
  await until(() => texts("0").length > 0);
  expect(texts("0")).toEqual([["1", expected[0]]]);
});

test("what Twilio gets are these bytes, a template of its own among them; an answer T ends it", async () => {
  const twilio = startTwilio();
  const { accountSid: TWILIO_ACCOUNT_SID, authToken: TWILIO_AUTH_TOKEN } = twilioAccount;
  const account = { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM: "+15005550006", TWILIO_BASE_URL: twilio.url };
  const shop = await openShop({ env: { ...account, PUBLIC_URL: "https://shop.test", SMS_SIGNATURE: "飞帆商城" } });
  await shop.members(3, { phone: "'+8613800138' || substr('00' || i, -3)" });
  await shop.ctx.db.write([sql`UPDATE member SET locale = CASE seq WHEN 1 THEN 'zh-CN' ELSE 'de' END`]);
  const named = { template, "template.1": "{{ campaign.name }}\nfür {{ member.externalId }}" };
  const texts = { SMS: { ...content.SMS, de: named } };
  const words = async (more: object) => {
    const [before, run] = [twilio.requests.length, await shop.launched({ channels: ["SMS"], content: texts, ...more })];
    await shop.becomes(run, "COMPLETED");
    return twilio.requests
      .slice(before)
      .map(({ body }) => body.replace(/&From=.*$/, ""))
      .sort();
  };
  const byTemplate = (i: number) =>
    `To=%2B861380013800${i}&ContentSid=${template}&ContentVariables=%7B%221%22%3A%22Sale+f%C3%BCr+x${i}%22%7D`;
  const signed = "To=%2B8613800138001&Body=%E3%80%90%E9%A3%9E%E5%B8%86%E5%95%86%E5%9F%8E%E3%80%91%E4%BB%8A%E6%97%A5";
  const discount = "%E5%85%AB%E6%8A%98";
  expect(await words({})).toEqual([`${signed}${discount}+%E5%9B%9ET%E9%80%80%E8%AE%A2`, byTemplate(2), byTemplate(3)]);
  for (const [i, Body] of ["T", "td", "退订"].entries()) {
    const form = new URLSearchParams({ MessageSid: `SM${i}`, From: `+861380013800${i + 1}`, Body });
    const signature = twilioSignature(TWILIO_AUTH_TOKEN, "https://shop.test/webhooks/twilio", form);
    const headers = { "x-twilio-signature": signature };
    const answer = await fetch(`${shop.app.url}/webhooks/twilio`, { method: "POST", body: form, headers });
    expect(answer.status).toBe(204);
  }
  expect(await words({})).toEqual([]);
  await twilio.stop();
});
