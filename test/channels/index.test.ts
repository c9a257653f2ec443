import { expect, test } from "bun:test";
import { join } from "node:path";
import { openChannels, providerSettings } from "../../src/channels/index.ts";
import { realWorld } from "../../src/world.ts";
import { batchOf } from "../support/envelopes.ts";
import { resendKey, startResend } from "../support/providers/resend.ts";
import { tempDir } from "../support/temp.ts";

test("a channel with credentials goes to its provider, the others to the sandbox", async () => {
  const server = startResend();
  const channels = openChannels(
    {
      sandboxPath: join(tempDir(), "sandbox.db"),
      providers: { EMAIL: { apiKey: resendKey, from: "news@shop.test", baseUrl: server.url } },
    },
    realWorld,
  );
  for (const channel of ["EMAIL", "SMS", "PUSH"] as const) await channels.senders[channel].send(batchOf(channel, 2));
  expect(server.accepted).toHaveLength(2);
  expect(channels.sandbox.counts()).toMatchObject({ EMAIL: 0, SMS: 2, PUSH: 2 });
  expect(channels.senders.SMS.limits).toEqual({ batch: 20, parallelism: 4 });
  await channels.close();
  await server.stop();
});

test("a channel has its provider once all variables are there that it cannot do without", () => {
  expect(providerSettings({})).toEqual({ EMAIL: undefined, SMS: undefined, PUSH: undefined });
  expect(providerSettings({ RESEND_API_KEY: "re_1", TWILIO_ACCOUNT_SID: "AC1", TWILIO_AUTH_TOKEN: "t" })).toEqual({
    EMAIL: undefined,
    SMS: undefined,
    PUSH: undefined,
  });
  const whole = {
    ...{ RESEND_API_KEY: "re_1", EMAIL_FROM: "news@shop.test" },
    ...{ TWILIO_ACCOUNT_SID: "AC1", TWILIO_AUTH_TOKEN: "t", TWILIO_FROM: "+15005550006" },
    FCM_SERVICE_ACCOUNT: "{}",
  };
  expect(providerSettings(whole)).toEqual({
    EMAIL: { apiKey: "re_1", from: "news@shop.test" },
    SMS: { accountSid: "AC1", authToken: "t", from: "+15005550006" },
    PUSH: { serviceAccount: "{}" },
  });
});

test("what may be set besides is passed on, and Twilio is told where to report to when we can be reached", () => {
  const server = "http://127.0.0.1:1";
  const email = {
    RESEND_API_KEY: "re_1",
    EMAIL_FROM: "a@shop.test",
    EMAIL_REPLY_TO: "b@shop.test",
    RESEND_BASE_URL: server,
  };
  const sms = { TWILIO_ACCOUNT_SID: "AC1", TWILIO_AUTH_TOKEN: "t", TWILIO_FROM: "Shop", TWILIO_BASE_URL: server };
  const push = { FCM_SERVICE_ACCOUNT: "{}", FCM_BASE_URL: server };
  expect(providerSettings({ ...email, ...sms, ...push, PUBLIC_URL: "https://shop.test" })).toMatchObject({
    EMAIL: { replyTo: "b@shop.test", baseUrl: server },
    SMS: { baseUrl: server, statusCallback: "https://shop.test/webhooks/twilio" },
    PUSH: { baseUrl: server },
  });
});
