import { expect, test } from "bun:test";
import fc from "fast-check";
import { wishIn } from "../../../src/channels/sms/wish-words.ts";

const list = (text: string) => text.split("|").map((part) => part.trim());

test.each(
  list(`STOP | stop | Stop. | "Stop" | “STOP!” | 'stop' | ‹stop› | STOP please | Please stop. | pls STOP | Stop now!! |
    \u200Bstop\u200B | ＳＴＯＰ | s.t.o.p. | S T O P | STOP ALL | stopall | Stop it | stop texting me, please | Opt-out |
    opt out | UNSUBSCRIBE me | please unsubscribe me | Stop sending me these things every day | end | Quit. | CANCEL |
    退订 | 退订。 | 请退订 | 我要退订 | 退订谢谢 | 退訂 | T | t. | TD | 取消 | 取消订阅 | 停止 | R | STOPP | Abmelden | ARRÊT |
    Arrêt. | Baja | СТОП | стоп. | 配信停止 | 수신거부 | 중지`),
)("%s is heard as STOP", (body) => expect(wishIn(body)).toBe("stop"));

test.each(list(`START | start. | "Start" | Start please | UNSTOP | Unstop! | yes | YES. | opt in | 恢复 | 订阅`))(
  "%s is heard as START",
  (body) => expect(wishIn(body)).toBe("start"),
);

test.each(
  list(`HELP | Don't stop | do not stop | 不要退订 | 别退订 | when does it end? | Cancel my order 4711 | 取消订单 | thanks! |
    T-shirt |
    Is there a bus stop near your shop? | yes but in blue | start selling shoes | Tuesday |`),
)("%s is neither", (body) => expect(wishIn(body)).toBeUndefined());

test("whatever stands around it, a STOP is heard, and any text is read without a fault", () => {
  const around = fc.string({ unit: fc.constantFrom(..."\"'.,!?()[]«»„“”‘’…-–* \t\n\u200B\uFEFF"), maxLength: 6 });
  fc.assert(fc.property(around, around, (before, after) => wishIn(`${before}Stop${after}`) === "stop"));
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => [undefined, "stop", "start"].includes(wishIn(text))));
});
