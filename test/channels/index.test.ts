import { expect, test } from "bun:test";
import { join } from "node:path";
import { openChannels } from "../../src/channels/index.ts";
import { batchOf } from "../support/envelopes.ts";
import { resendKey, startResend } from "../support/providers/resend.ts";
import { tempDir } from "../support/temp.ts";

test("a channel with credentials goes to its provider, the others to the sandbox", async () => {
  const server = startResend();
  const channels = openChannels({
    sandboxPath: join(tempDir(), "sandbox.db"),
    providers: { EMAIL: { apiKey: resendKey, from: "news@shop.test", baseUrl: server.url } },
  });
  for (const channel of ["EMAIL", "SMS", "PUSH"] as const) await channels.senders[channel].send(batchOf(channel, 2));
  expect(server.accepted).toHaveLength(2);
  expect(channels.sandbox.counts()).toMatchObject({ EMAIL: 0, SMS: 2, PUSH: 2 });
  expect(channels.senders.SMS.limits).toEqual({ batch: 20, parallelism: 4 });
  await channels.close();
  await server.stop();
});
