import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { BatchOutcome, SendResult } from "../../../src/channels/channel.ts";
import { pushSender } from "../../../src/channels/push/push.ts";
import { SetupError } from "../../../src/errors.ts";
import { realWorld } from "../../../src/world.ts";
import { batchOf, envelope } from "../../support/envelopes.ts";
import { type Fcm, fault, serviceAccount, startFcm } from "../../support/providers/fcm.ts";

let server: Fcm;
beforeEach(() => {
  server = startFcm();
});
afterEach(async () => await server.stop());

const sender = (changes: Partial<Parameters<typeof pushSender>[0]> = {}) =>
  pushSender(
    {
      serviceAccount,
      baseUrl: server.url,
      tokenUrl: `${server.url}/token`,
      // Only a provider that does not answer is waited for in vain.
      ...(typeof server.trouble === "string" ? { timeoutMs: 400, envelopeTimeoutMs: 100 } : {}),
      ...changes,
    },
    realWorld,
  );

async function resultFor(...to: string[]): Promise<SendResult | undefined> {
  const outcome = await sender().send({ id: "b1", envelopes: [envelope("PUSH", 1, { to })] });
  return outcome.kind === "results" ? outcome.results[0] : undefined;
}

describe("access tokens", () => {
  test("one is fetched for many batches, at once or one after another", async () => {
    const push = sender();
    await Promise.all([push.send(batchOf("PUSH", 3)), push.send(batchOf("PUSH", 3))]);
    await push.send(batchOf("PUSH", 3));
    expect(server.granted).toHaveLength(1);
    expect(server.accepted).toHaveLength(9);
  });

  test("one that FCM no longer takes is replaced, and its batch tried again", async () => {
    const push = sender();
    await push.send(batchOf("PUSH", 1));
    server.revoke();
    expect(await push.send(batchOf("PUSH", 1))).toMatchObject({
      kind: "results",
      results: [{ kind: "retry", afterSeconds: 1 }],
    });
    expect(await push.send(batchOf("PUSH", 1))).toMatchObject({ kind: "results", results: [{ kind: "sent" }] });
    expect(server.granted).toHaveLength(2);
  });

  const changed = (changes: object) => JSON.stringify({ ...JSON.parse(serviceAccount), ...changes });
  const reason = (outcome: BatchOutcome) => (outcome.kind === "retry" ? outcome.reason : "");

  test("a key that Google or nobody can use waits for a person and names the setting", async () => {
    expect(
      reason(await sender({ serviceAccount: changed({ client_email: "else@shop.test" }) }).send(batchOf("PUSH", 1))),
    ).toContain("push.serviceAccount");
    const unreadable = reason(
      await sender({ serviceAccount: changed({ private_key: "SECRET" }) }).send(batchOf("PUSH", 1)),
    );
    expect(unreadable).toContain("push.serviceAccount");
    expect(unreadable).not.toContain("SECRET");
  });

  test("a token endpoint that is not there is another try of the batch", async () => {
    expect((await sender({ tokenUrl: "http://127.0.0.1:1/token" }).send(batchOf("PUSH", 1))).kind).toBe("retry");
  });

  test("a key file may have null where it has nothing to say", async () => {
    const push = sender({ serviceAccount: changed({ private_key_id: null, token_uri: null }) });
    expect(await push.send(batchOf("PUSH", 1))).toMatchObject({ results: [{ kind: "sent" }] });
  });

  test("a key file that is none is refused at the start, without being quoted", () => {
    const faulty = { "not JSON SECRET": "no JSON object", [JSON.stringify({ private_key: "SECRET" })]: "project_id" };
    for (const [text, why] of Object.entries(faulty)) {
      const open = () => sender({ serviceAccount: text });
      expect(open).toThrow(SetupError);
      expect(open).toThrow(why);
      expect(open).not.toThrow(/SECRET|Invalid/);
    }
  });
});

describe("what FCM is asked", () => {
  test("a message carries the notification, and ref and link as data", async () => {
    await sender().send({ id: "b1", envelopes: [envelope("PUSH", 1)] });
    expect(JSON.parse(server.requests.at(-1)!.body)).toEqual({
      message: {
        token: "token-1",
        notification: { title: "Hello", body: "There is news" },
        data: { ref: "run1:1", url: "https://shop.test/news" },
      },
    });
  });
});

describe("a member with several tokens", () => {
  test("is reached when one accepts, and the gone ones are named", async () => {
    expect(await resultFor("gone-1", "token-1", "bad-2", "foreign-3")).toEqual({
      kind: "sent",
      providerId: expect.stringContaining("projects/shop/messages/"),
      goneTokens: ["gone-1", "bad-2"],
    });
  });

  test("is not reached when all are gone", async () => {
    expect(await resultFor("gone-1", "gone-2")).toEqual({
      kind: "failed",
      reason: "no token is registered",
      goneTokens: ["gone-1", "gone-2"],
    });
    expect(await resultFor()).toEqual({ kind: "failed", reason: "no token is registered" });
  });

  test("a token of another project fails and is kept: the key file may be the wrong one", async () => {
    expect(await resultFor("foreign-1")).toEqual({ kind: "failed", reason: "FCM refused it (SENDER_ID_MISMATCH)" });
  });

  test("is unknown, and never tried again, while one of them is unclear and none accepted", async () => {
    let calls = 0;
    server.trouble = () =>
      calls++ === 0 ? fault(429, "RESOURCE_EXHAUSTED", "", "QUOTA_EXCEEDED") : fault(500, "INTERNAL", "", "INTERNAL");
    expect(await resultFor("token-1", "token-2")).toMatchObject({ kind: "unknown" });
  });
});

describe("what FCM answers", () => {
  test.each([
    [429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", {}, "retry"],
    [503, "UNAVAILABLE", "UNAVAILABLE", { "retry-after": "9" }, "retry"],
    [503, "UNAVAILABLE", "UNAVAILABLE", {}, "unknown"],
    [500, "INTERNAL", "INTERNAL", {}, "unknown"],
    [400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", {}, "failed"],
    [403, "PERMISSION_DENIED", undefined, {}, "retry"],
    [401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", {}, "retry"],
  ] as const)("%d %s (%s) with %j is %s", async (status, name, code, headers, kind) => {
    server.trouble = () => fault(status, name, "Message too big", code, headers);
    const result = await resultFor("token-1");
    expect(result?.kind).toBe(kind);
    expect(result && "goneTokens" in result).toBe(false);
  });

  test("fields that are null count as left out: the code that tells a dead token is still read", async () => {
    const details = [
      { "@type": "debug", errorCode: null, fieldViolations: null },
      { "@type": "fcm", errorCode: "UNREGISTERED" },
    ];
    server.trouble = () => Response.json({ error: { status: "NOT_FOUND", message: null, details } }, { status: 404 });
    expect(await resultFor("token-1")).toMatchObject({ kind: "failed", goneTokens: ["token-1"] });
  });

  test("a broken gateway leaves it unknown", async () => {
    server.trouble = () => new Response("<html>", { status: 503, headers: { "retry-after": "9" } });
    expect((await resultFor("token-1"))?.kind).toBe("unknown");
  });
});
