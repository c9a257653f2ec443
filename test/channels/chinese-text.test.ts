import { expect, test } from "bun:test";
import fc from "fast-check";
import { type ChineseCustom, chineseText } from "../../src/channels/chinese-text.ts";
import { wishIn } from "../../src/channels/sms/wish-words.ts";

const mainland = { signature: "飞帆", phone: "+8613800138000", isReadInChinese: true, transactional: false };
const say = (text: string, custom: Partial<ChineseCustom> = {}) => chineseText(text, { ...mainland, ...custom });

test.each([
  ["a number of mainland China", "全场八折", {}, "【飞帆】全场八折 回T退订"],
  ["one whose owner reads English", "Sale: 20% off", { isReadInChinese: false }, "【飞帆】Sale: 20% off 回T退订"],
  ["a sentence that ends", "全场八折！", {}, "【飞帆】全场八折！回T退订"],
  ["a link at the end", "看 https://x.test/a/", {}, "【飞帆】看 https://x.test/a/ 回T退订"],
  ["what had to be told", "您的订单已发货", { transactional: true }, "【飞帆】您的订单已发货"],
  ["Chinese read elsewhere", "全场八折", { phone: "+491510000001" }, "【飞帆】全场八折 回T退订"],
  ["Chinese for nobody in particular", "全场八折", { phone: null }, "【飞帆】全场八折 回T退订"],
  ["English elsewhere", "Sale", { phone: "+491510000001" }, "Sale"],
  ["Taiwan", "全場八折", { isReadInChinese: false, phone: "+886912345678" }, "全場八折"],
  ["Hong Kong", "全場八折", { isReadInChinese: false, phone: "+85291234567" }, "全場八折"],
  ["Japan", "全品割引", { isReadInChinese: false, phone: "+819012345678" }, "全品割引"],
  ["nothing", " \n", {}, " \n"],
] as const)("%s: %j", (_name, text, to, sent) => expect(say(text, to)).toBe(sent));

test.each([
  ["【飞帆】全场八折，回T退订", "【飞帆】全场八折，回T退订"],
  ["【飞帆】全场八折 退订回T", "【飞帆】全场八折 退订回T"],
  ["【飞帆】全场八折 回复TD退订", "【飞帆】全场八折 回复TD退订"],
  ["全场八折 拒收请回复R", "【飞帆】全场八折 拒收请回复R"],
  ["全场八折，回复“退订”即可", "【飞帆】全场八折，回复“退订”即可"],
  ["全场八折，回T退订【飞帆】", "全场八折，回T退订【飞帆】"],
  ["【限时】全场八折", "【飞帆】【限时】全场八折 回T退订"],
  ["订单可随时退订", "【飞帆】订单可随时退订 回T退订"],
  ["【飞帆】全场八折 回0000退订", "【飞帆】全场八折 回0000退订 回T退订"],
])("what the author wrote of it is not said twice, and only what is heard counts: %s", (text, sent) =>
  expect(say(text)).toBe(sent),
);

test("whatever is said, it is signed once, ends with a way that is heard, and saying it again changes nothing", () => {
  const text = fc.string({ unit: fc.constantFrom(..."【】飞帆回复TD退订。！ \nab/"), maxLength: 30 });
  fc.assert(
    fc.property(text, (said) => {
      const sent = say(said);
      if (said.trim() === "") return sent === said;
      const [, word = ""] = /(?:回复?|退订回复?)\s*(TD|T|退订)/.exec(sent) ?? [];
      return (
        (sent.startsWith("【飞帆】") || sent.endsWith("【飞帆】")) && wishIn(word) === "stop" && say(sent) === sent
      );
    }),
    { seed: 1_618 },
  );
});

test("brackets of the signature's own are not doubled", () => {
  expect(say("全场八折", { signature: "【Test】 shop" })).toBe("【Test shop】全场八折 回T退订");
});
