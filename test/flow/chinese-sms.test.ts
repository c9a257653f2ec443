import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { recordWish } from "../../src/campaign/feedback/feedback.ts";
import { previewContent } from "../../src/campaign/rehearsal/preview.ts";
import { requestTestSend } from "../../src/campaign/rehearsal/test-send.ts";
import { twilioSignature, verifySmsCallback } from "../../src/channels/sms/callback.ts";
import { accepted, closeShops, openShop } from "../support/shop.ts";
import { until } from "../support/wait.ts";

afterAll(closeShops);

const content = { SMS: { default: { text: "Sale today" }, zh: { text: "今日八折" } } };

test("an SMS to China leaves signed and with a way out, as preview and test said; answering T ends it", async () => {
  const shop = await openShop({ env: { SMS_SIGNATURE: "飞帆商城", SMS_SEGMENT_PRICE: "0.05 USD" } });
  const { ctx } = shop;
  await shop.members(3, { phone: "CASE i WHEN 3 THEN '+491510000003' ELSE '+861380013800' || i END" });
  await ctx.db.write([sql`UPDATE member SET locale = 'zh-CN' WHERE seq = 1`]);
  const expected = ["【飞帆商城】今日八折 回T退订", "【飞帆商城】Sale today 回T退订", "Sale today"];
  const campaign = await shop.campaign({ channels: ["SMS"], content });
  for (const [i, text] of expected.entries()) {
    const preview = accepted(await previewContent(ctx, { campaign, member: i + 1, channel: "SMS" }));
    expect(preview.parts).toEqual({ text });
    expect(preview.size).toMatchObject({ encoding: i < 2 ? "UCS-2" : "GSM-7", segments: 1, price: 0.05 });
  }
  accepted(await requestTestSend(ctx, { campaign, member: 1, channel: "SMS" }));
  const run = await shop.launch(campaign);
  await shop.becomes(run, "COMPLETED");
  const texts = (name: string) =>
    ctx.sandbox.list({ run: name }).deliveries.map(({ ref, parts }) => [ref.split(":")[1], parts.text]);
  expect(texts(String(run)).sort()).toEqual(expected.map((text, i) => [String(i + 1), text]));
  await until(() => texts("0").length > 0);
  expect(texts("0")).toEqual([["1", expected[0]]]);

  const form = new URLSearchParams({ MessageSid: "SM9", From: "+8613800138001", Body: "T" });
  const url = "https://shop.test/webhooks/twilio";
  const heard = verifySmsCallback("token", url, form, twilioSignature("token", url, form));
  if (heard.kind !== "event" || !("from" in heard.event)) throw new Error("T was not heard");
  const { kind: wish, channel, from: phone } = heard.event;
  await recordWish(ctx, { id: { provider: "twilio", id: heard.id }, channel, wish, phone });
  const told = await shop.launched({ channels: ["SMS"], content, transactional: true });
  await shop.becomes(told, "COMPLETED");
  expect(texts(String(told)).sort()).toEqual([
    ["2", "【飞帆商城】Sale today"],
    ["3", "Sale today"],
  ]);
});
