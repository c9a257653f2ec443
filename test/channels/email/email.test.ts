import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { verifyEmailCallback } from "../../../src/channels/email/callback.ts";
import { emailSender } from "../../../src/channels/email/email.ts";
import { realWorld } from "../../../src/world.ts";
import { batchOf, envelope } from "../../support/envelopes.ts";
import type { Provider } from "../../support/providers/provider.ts";
import { type ResendEmail, refusal, resendKey, startResend } from "../../support/providers/resend.ts";

let server: Provider;
beforeEach(() => {
  server = startResend();
});
afterEach(async () => await server.stop());

const sender = (changes: Partial<Parameters<typeof emailSender>[0]> = {}) =>
  emailSender(
    {
      apiKey: resendKey,
      from: "Shop <news@shop.test>",
      baseUrl: server.url,
      timeoutMs: server.trouble ? 500 : 30_000,
      ...changes,
    },
    realWorld,
  );

describe("what Resend is asked", () => {
  test("a batch is one request whose idempotency key is the batch's id", async () => {
    const batch = batchOf("EMAIL", 100);
    await sender().send(batch);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers.get("idempotency-key")).toBe(batch.id);
  });

  test("an e-mail carries sender, reply address, parts, its ref as a tag, and one-click unsubscribe", async () => {
    const unsubscribeUrl = "https://shop.test/unsubscribe/abc";
    await sender({ replyTo: "help@shop.test" }).send({
      id: "b1",
      envelopes: [envelope("EMAIL", 1, { ref: "0195-run:7", unsubscribeUrl }), envelope("EMAIL", 2)],
    });
    const [first, second]: ResendEmail[] = JSON.parse(server.requests[0]!.body);
    expect(first).toEqual({
      from: "Shop <news@shop.test>",
      reply_to: "help@shop.test",
      to: ["member1@shop.test"],
      subject: "Hello",
      html: "<p>Hello</p>",
      text: "Hello",
      headers: { "List-Unsubscribe": `<${unsubscribeUrl}>`, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
      tags: [{ name: "ref", value: Buffer.from("0195-run:7").toString("base64url") }],
    });
    expect(second?.headers).toBeUndefined();
  });

  test("the same batch asks for the same thing, byte by byte", async () => {
    const batch = batchOf("EMAIL", 3);
    await sender().send(batch);
    await sender().send(structuredClone(batch));
    expect(server.requests[1]?.body).toBe(server.requests[0]!.body);
  });

  test("limits of the settings go before those of the catalogue", () => {
    expect(sender({ limits: { ratePerSecond: 10 } }).limits).toEqual({ batch: 100, parallelism: 4, ratePerSecond: 10 });
  });
});

describe("what Resend answers", () => {
  const outcomeOf = async (answer: () => Response) => {
    server.trouble = answer;
    return await sender().send(batchOf("EMAIL", 2));
  };

  test("other contents under a used id are unknown for every row", async () => {
    await sender().send({ id: "b1", envelopes: [envelope("EMAIL", 1)] });
    const outcome = await sender().send({ id: "b1", envelopes: [envelope("EMAIL", 2), envelope("EMAIL", 3)] });
    expect(outcome).toMatchObject({ kind: "results", results: [{ kind: "unknown" }, { kind: "unknown" }] });
    expect(server.accepted).toHaveLength(1);
  });

  test.each([
    [409, "concurrent_idempotent_requests", 5],
    [429, "rate_limit_exceeded", 1],
    [429, "daily_quota_exceeded", 3_600],
    [500, "internal_server_error", undefined],
    [502, "bad_gateway", undefined],
  ] as const)("%d %s is another try of the batch", async (status, name, afterSeconds) => {
    const outcome = await outcomeOf(() => refusal(status, name, "Something"));
    expect(outcome.kind).toBe("retry");
    expect(outcome.kind === "retry" && outcome.afterSeconds).toBe(afterSeconds as number);
  });

  test("Retry-After is kept to", async () => {
    const outcome = await outcomeOf(() => refusal(429, "rate_limit_exceeded", "Slow down", { "retry-after": "17" }));
    expect(outcome).toMatchObject({ kind: "retry", afterSeconds: 17 });
  });

  test.each([
    [401, "restricted_api_key", "email.apiKey"],
    [403, "invalid_api_key", "email.apiKey"],
    [403, "validation_error", "email.from"],
    [422, "invalid_from_address", "email.from"],
    [404, "not_found", "email.baseUrl"],
  ] as const)("%d %s waits for a person and names the setting", async (status, name, setting) => {
    const outcome = await outcomeOf(() => refusal(status, name, `The key ${resendKey} is wrong`));
    expect(outcome.kind).toBe("retry");
    expect(outcome.kind === "retry" && outcome.reason).toContain(setting);
    expect(JSON.stringify(outcome)).not.toContain(resendKey);
  });

  test("a refusal of the whole batch fails each row, without quoting an address", async () => {
    const outcome = await outcomeOf(() => refusal(422, "validation_error", "Invalid `to` field: member1@shop.test"));
    expect(outcome).toEqual({
      kind: "results",
      results: Array(2).fill({
        kind: "failed",
        reason: "Resend refused it (validation_error): Invalid `to` field: ‹address›",
      }),
    });
  });

  test.each([
    ["a page of HTML", () => new Response("<html>", { status: 200 })],
    ["a broken gateway", () => new Response("<html>", { status: 502 })],
    ["JSON of another shape", () => Response.json(["?"])],
    ["an error of another shape", () => Response.json(null, { status: 400 })],
  ])("%s is another try", async (_, answer) => {
    expect((await outcomeOf(answer)).kind).toBe("retry");
  });

  test("a field that Resend writes with null counts as left out: all went out, and a fault has no words", async () => {
    const sent = await outcomeOf(() => Response.json({ data: [{ id: "one" }, { id: "two" }], errors: null }));
    expect(sent).toMatchObject({ results: [{ providerId: "one" }, { providerId: "two" }] });
    const half = await outcomeOf(() =>
      Response.json({ data: [{ id: "two", note: null }], errors: [{ index: 0, message: null }] }),
    );
    expect(half).toMatchObject({ results: [{ kind: "failed" }, { kind: "sent", providerId: "two" }] });
    const busy = await outcomeOf(() => Response.json({ statusCode: 429, name: null, message: null }, { status: 429 }));
    expect(busy).toMatchObject({ kind: "retry", afterSeconds: 1 });
  });

  test("an answer for another number of e-mails leaves all of them unknown", async () => {
    const outcome = await outcomeOf(() => Response.json({ data: [{ id: "one" }], errors: [] }));
    expect(outcome).toMatchObject({ kind: "results", results: [{ kind: "unknown" }, { kind: "unknown" }] });
  });
});

describe("I13 webhooks of Resend", () => {
  const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;
  const payload = (type: string, data: object = {}) =>
    JSON.stringify({
      type,
      created_at: "2026-11-20T10:00:00.000Z",
      data: { email_id: "e-1", to: ["a@b.test"], tags: { ref: Buffer.from("run1:7").toString("base64url") }, ...data },
    });
  const signed = (body: string, at = new Date(), key = secret) =>
    new Headers({
      "svix-id": "msg_1",
      "svix-timestamp": String(Math.floor(at.getTime() / 1000)),
      "svix-signature": new Webhook(key).sign("msg_1", at, body),
    });
  const news = { providerId: "e-1", ref: "run1:7", to: ["a@b.test"], at: Date.UTC(2026, 10, 20, 10) };

  test.each([
    ["email.delivered", {}, { kind: "delivered" }],
    ["email.opened", {}, { kind: "opened" }],
    ["email.clicked", { click: { link: "https://shop.test" } }, { kind: "clicked" }],
    ["email.complained", {}, { kind: "complained" }],
    [
      "email.bounced",
      { bounce: { type: "Permanent", subType: "General", message: "no" } },
      { kind: "bounced", hard: true },
    ],
    [
      "email.bounced",
      { bounce: { type: "Transient", subType: "MailboxFull", message: "no" } },
      { kind: "bounced", hard: false },
    ],
    ["email.suppressed", {}, { kind: "failed", reason: "suppressed" }],
  ] as const)("%s is read", (type, data, kind) => {
    const body = payload(type, data);
    expect(verifyEmailCallback(secret, signed(body), body, Date.now())).toEqual({
      kind: "event",
      id: "msg_1",
      event: { ...news, ...kind },
    });
  });

  test("tags may come as a list, or not at all", () => {
    const listed = payload("email.opened", {
      tags: [{ name: "ref", value: Buffer.from("run1:8").toString("base64url") }],
    });
    expect(verifyEmailCallback(secret, signed(listed), listed, Date.now())).toMatchObject({ event: { ref: "run1:8" } });
    const bare = payload("email.opened", { tags: undefined });
    const answer = verifyEmailCallback(secret, signed(bare), bare, Date.now());
    expect(answer.kind === "event" && "ref" in answer.event).toBe(false);
  });

  test("a callback's fields may be null, and it is still the e-mail that its tag names", () => {
    const tags = [
      { name: "shop", value: null },
      { name: "ref", value: Buffer.from("run1:8").toString("base64url") },
    ];
    const body = payload("email.opened", { tags, bounce: null, to: null });
    const answer = verifyEmailCallback(secret, signed(body), body, Date.now());
    expect(answer).toMatchObject({ kind: "event", event: { kind: "opened", ref: "run1:8", to: [] } });
  });

  test.each(["email.sent", "contact.created"])("%s is authentic and of no interest", (type) => {
    const body = payload(type);
    expect(verifyEmailCallback(secret, signed(body), body, Date.now())).toEqual({ kind: "ignored", id: "msg_1" });
  });

  test("another key, another body, an old date and missing headers are forged", () => {
    const body = payload("email.opened");
    const otherKey = `whsec_${Buffer.from("another secret of the same size!").toString("base64")}`;
    const forged = { kind: "forged" } as const;
    expect(verifyEmailCallback(secret, signed(body, new Date(), otherKey), body, Date.now())).toEqual(forged);
    expect(verifyEmailCallback(secret, signed(body), body.replace("e-1", "e-2"), Date.now())).toEqual(forged);
    expect(verifyEmailCallback(secret, signed(body, new Date(Date.now() - 600_000)), body, Date.now())).toEqual(forged);
    expect(verifyEmailCallback(secret, new Headers(), body, Date.now())).toEqual(forged);
  });

  test("an authentic body that is no JSON is ignored", () => {
    expect(verifyEmailCallback(secret, signed("{"), "{", Date.now())).toEqual({ kind: "ignored", id: "msg_1" });
  });
});
