import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SendResult } from "../../../src/channels/channel.ts";
import { twilioSignature, verifySmsCallback } from "../../../src/channels/sms/callback.ts";
import { smsSender } from "../../../src/channels/sms/sms.ts";
import { realWorld } from "../../../src/world.ts";
import { batchOf, envelope } from "../../support/envelopes.ts";
import { startCutter } from "../../support/providers/cutter.ts";
import type { Provider } from "../../support/providers/provider.ts";
import { fault, startTwilio, twilioAccount } from "../../support/providers/twilio.ts";
import { until } from "../../support/wait.ts";

let server: Provider;
beforeEach(() => {
  server = startTwilio();
});
afterEach(async () => await server.stop());

/** Only a provider that does not answer is waited for in vain; one that does may take its time on a busy machine. */
const isSilent = () => server.trouble === "hang" || server.trouble === "late";

const sender = (changes: Partial<Parameters<typeof smsSender>[0]> = {}) =>
  smsSender(
    {
      ...twilioAccount,
      from: "+15005550006",
      baseUrl: server.url,
      ...(isSilent() ? { timeoutMs: 400, envelopeTimeoutMs: 100 } : {}),
      ...changes,
    },
    realWorld,
  );

async function results(
  rows: number,
  changes: Partial<Parameters<typeof smsSender>[0]> = {},
): Promise<readonly SendResult[]> {
  const outcome = await sender(changes).send(batchOf("SMS", rows));
  return outcome.kind === "results" ? outcome.results : [];
}

describe("what Twilio is asked", () => {
  test("a message carries number, text, sender and a status callback with its ref", async () => {
    await sender({ statusCallback: "https://shop.test/hooks/sms?v=1" }).send({
      id: "b1",
      envelopes: [envelope("SMS", 1)],
    });
    expect(Object.fromEntries(new URLSearchParams(server.requests[0]?.body))).toEqual({
      To: "+447946000001",
      Body: "Hello",
      From: "+15005550006",
      StatusCallback: "https://shop.test/hooks/sms?v=1&ref=run1%3A1",
    });
  });

  test("the sid of a messaging service is sent as one", async () => {
    const sid = `MG${"a".repeat(32)}`;
    await results(1, { from: sid });
    const form = new URLSearchParams(server.requests[0]?.body);
    expect([form.get("MessagingServiceSid"), form.get("From")]).toEqual([sid, null]);
  });

  test("a text leaves as UTF-8, a template of Twilio's by its SID with its variables, and without any", async () => {
    const sid = `HX${"0a".repeat(16)}`;
    const words: Record<string, string>[] = [
      { text: "【飞帆】八折 回T退订" },
      { template: sid, "template.1": "¥10 & more", "template.until": "5月1日" },
      { template: sid },
    ];
    const envelopes = words.map((parts, i) => envelope("SMS", i + 1, { parts }));
    expect(await sender().send({ id: "b1", envelopes })).toMatchObject({ results: Array(3).fill({ kind: "sent" }) });
    const values = encodeURIComponent('{"1":"¥10 & more","until":"5月1日"}').replaceAll("%20", "+");
    expect(server.requests.map(({ body }) => body.replace(/^To=[^&]*&|&From=.*$/g, "")).sort()).toEqual([
      "Body=%E3%80%90%E9%A3%9E%E5%B8%86%E3%80%91%E5%85%AB%E6%8A%98+%E5%9B%9ET%E9%80%80%E8%AE%A2",
      `ContentSid=${sid}`,
      `ContentSid=${sid}&ContentVariables=${values}`,
    ]);
  });

  test("at most five messages of a batch are under way at once", async () => {
    server.trouble = "hang";
    const sending = results(20, { timeoutMs: 1_500, envelopeTimeoutMs: 1_000 });
    await until(() => server.requests.length >= 5);
    await Bun.sleep(50); // a sixth would have come
    expect(server.requests).toHaveLength(5);
    await sending;
  });
});

describe("what Twilio answers", () => {
  test.each([
    [400, 21211, "failed"],
    [400, 21610, "failed"],
    [400, 30_000, "failed"],
    [429, 20429, "retry"],
    [400, 21611, "retry"],
    [500, 20500, "unknown"],
    [503, 20503, "unknown"],
  ] as const)("%d with code %d is %s", async (status, code, kind) => {
    server.trouble = () => fault(status, code, "Something about +447946000001");
    const [result] = await results(1);
    expect(result?.kind).toBe(kind);
    expect(JSON.stringify(result)).not.toContain("7946");
  });

  test.each([
    [401, 20003, "sms.authToken"],
    [404, 20404, "sms.accountSid"],
    [400, 21606, "sms.from"],
    [400, 21703, "sms.from"],
    [400, 21609, "sms.statusCallback"],
    [400, 21655, "the template that the content names"],
  ] as const)("%d with code %d waits for a person and names the setting", async (status, code, setting) => {
    server.trouble = () => fault(status, code, `Wrong: ${twilioAccount.authToken}`);
    const [result] = await results(1);
    expect(result?.kind === "retry" && result.reason).toContain(setting);
    expect(JSON.stringify(result)).not.toContain(twilioAccount.authToken);
  });

  test("once a row is turned away, the rows not yet begun are left for another try", async () => {
    server.trouble = () => fault(429, 20429, "Too Many Requests", { "retry-after": "3" });
    const answers = await results(20);
    expect(answers).toHaveLength(20);
    for (const answer of answers) expect(answer).toMatchObject({ kind: "retry", afterSeconds: 3 });
    expect(server.requests.length).toBeLessThanOrEqual(5);
  });

  test("rows for which there is no time are left for another try", async () => {
    server.trouble = "hang";
    const kinds = (await results(20)).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(["unknown", "retry"]));
    expect(kinds.filter((kind) => kind === "unknown")).toHaveLength(server.requests.length);
  });

  test("a connection that is cut leaves the row unknown, and nothing is asked twice", async () => {
    const cutter = await startCutter();
    const [result] = await results(1, { baseUrl: cutter.url });
    expect(result?.kind).toBe("unknown");
    expect(cutter.requests()).toBe(1);
    cutter.stop();
  });

  test("a page of HTML where an id should be leaves the row unknown; a redirect is not followed", async () => {
    server.trouble = () => new Response("<html>", { status: 200 });
    expect((await results(1))[0]?.kind).toBe("unknown");
    server.trouble = () => Response.redirect(`${server.url}/elsewhere`, 307);
    const [result] = await results(1);
    expect(result?.kind === "retry" && result.reason).toContain("sms.baseUrl");
    expect(server.requests.map(({ path }) => path)).not.toContain("/elsewhere");
  });
});

describe("I13 webhooks of Twilio", () => {
  const token = "12345";
  const url = "https://shop.test/hooks/sms?v=1&ref=run1%3A7";
  const verify = (fields: Record<string, string>, at = url) => {
    const params = new URLSearchParams(fields);
    return verifySmsCallback(token, at, params, twilioSignature(token, at, params));
  };

  test("the signature is the one of Twilio's own documentation", () => {
    const params = new URLSearchParams({
      CallSid: "CA1234567890ABCDE",
      Caller: "+14158675309",
      Digits: "1234",
      From: "+14158675309",
      To: "+18005551212",
    });
    expect(twilioSignature(token, "https://mycompany.com/myapp.php?foo=1&bar=2", params)).toBe(
      "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    );
  });

  test.each([
    ["delivered", {}, { kind: "delivered" }],
    ["undelivered", { ErrorCode: "30003" }, { kind: "failed", code: "30003" }],
    ["failed", {}, { kind: "failed", code: "failed" }],
  ] as const)("the status %s is read with its ref", (MessageStatus, more, event) => {
    expect(verify({ MessageSid: "SM1", MessageStatus, ...more })).toEqual({
      kind: "event",
      id: `SM1:${MessageStatus}`,
      event: { channel: "SMS", providerId: "SM1", ref: "run1:7", ...event },
    });
  });

  test("a status on the way is of no interest", () => {
    expect(verify({ MessageSid: "SM1", MessageStatus: "sent" })).toEqual({ kind: "ignored", id: "SM1:sent" });
  });

  test.each([
    [{ Body: " Stop " }, "stop"],
    [{ Body: "UNSUBSCRIBE" }, "stop"],
    [{ Body: "arrêt", OptOutType: "STOP" }, "stop"],
    [{ Body: "start" }, "start"],
  ] as const)("%j is a wish", (fields, kind) => {
    const answer = verify({ MessageSid: "SM2", From: "+447946000001", ...fields });
    expect(answer).toEqual({ kind: "event", id: "SM2:", event: { channel: "SMS", kind, from: "+447946000001" } });
  });

  test("any other message is of no interest, nor is one of a channel that is not ours", () => {
    const elsewhere = "messenger:+447946000001";
    expect(verify({ MessageSid: "SM2", From: elsewhere, Body: "STOP" }).kind).toBe("ignored");
    expect(verify({ MessageSid: "SM2", To: elsewhere, MessageStatus: "delivered" }).kind).toBe("ignored");
    expect(verify({ MessageSid: "SM2", From: "+447946000001", Body: "does the bus stop there" }).kind).toBe("ignored");
  });

  test("another token, URL or field, and no signature, are forged", () => {
    const params = new URLSearchParams({ MessageSid: "SM1", MessageStatus: "delivered" });
    const signature = twilioSignature(token, url, params);
    const forged = { kind: "forged" } as const;
    expect(verifySmsCallback("other", url, params, signature)).toEqual(forged);
    expect(verifySmsCallback(token, `${url}8`, params, signature)).toEqual(forged);
    expect(
      verifySmsCallback(token, url, new URLSearchParams({ MessageSid: "SM2", MessageStatus: "delivered" }), signature),
    ).toEqual(forged);
    expect(verifySmsCallback(token, url, params, null)).toEqual(forged);
  });
});
