import { join } from "node:path";
import { externalNames } from "../../src/channels/catalog.ts";
import type { ExternalChannelName, Sender } from "../../src/channels/channel.ts";
import { emailSender } from "../../src/channels/email/email.ts";
import { pushSender } from "../../src/channels/push/push.ts";
import { createSandbox } from "../../src/channels/sandbox/sandbox.ts";
import { smsSender } from "../../src/channels/sms/sms.ts";
import { realWorld } from "../../src/world.ts";
import { fault as fcmFault, serviceAccount, startFcm } from "./providers/fcm.ts";
import type { Provider } from "./providers/provider.ts";
import { resendKey, refusal as resendRefusal, startResend } from "./providers/resend.ts";
import { startTwilio, twilioAccount, fault as twilioFault } from "./providers/twilio.ts";
import { tempDir } from "./temp.ts";

/** A sender with a provider behind it that can be made to misbehave. */
export interface Rig {
  readonly sender: Sender;
  /** Refs of what the provider accepted, in order, repeats included. */
  accepted(): (string | null)[];
  meet(trouble: "silence" | "late" | "busy"): void;
  close(): Promise<void> | void;
}

/** Longer than any provider of ours takes, on a machine that is busy with other things. */
const patientMs = 10_000;

/** Every sender there is, real ones in front of a server that speaks like their provider. */
export const rigs: readonly {
  readonly title: string;
  readonly channel: ExternalChannelName;
  open(timeoutMs?: number): Rig;
}[] = [
  { title: "EMAIL through Resend", channel: "EMAIL", open: openResend },
  { title: "SMS through Twilio", channel: "SMS", open: openTwilio },
  { title: "PUSH through FCM", channel: "PUSH", open: openFcm },
  ...externalNames.map((channel) => ({
    title: `${channel} in the sandbox`,
    channel,
    open: (timeoutMs?: number) => openSandbox(channel, timeoutMs),
  })),
];

function openResend(timeoutMs = patientMs): Rig {
  const server = startResend();
  const sender = emailSender(
    { apiKey: resendKey, from: "Shop <news@shop.test>", baseUrl: server.url, timeoutMs },
    realWorld,
  );
  return rig(sender, server, () =>
    resendRefusal(429, "rate_limit_exceeded", "Too many requests", { "retry-after": "7" }),
  );
}

function openTwilio(timeoutMs = patientMs): Rig {
  const server = startTwilio();
  const statusCallback = "https://shop.test/webhooks/twilio";
  const sender = smsSender(
    {
      ...twilioAccount,
      from: "+15005550006",
      baseUrl: server.url,
      statusCallback,
      ...rowTimes(timeoutMs),
    },
    realWorld,
  );
  return rig(sender, server, () => twilioFault(429, 20429, "Too Many Requests", { "retry-after": "7" }));
}

function openFcm(timeoutMs = patientMs): Rig {
  const server = startFcm();
  const sender = pushSender(
    {
      serviceAccount,
      baseUrl: server.url,
      tokenUrl: `${server.url}/token`,
      ...rowTimes(timeoutMs),
    },
    realWorld,
  );
  return rig(sender, server, () =>
    fcmFault(429, "RESOURCE_EXHAUSTED", "Quota exceeded", "QUOTA_EXCEEDED", { "retry-after": "7" }),
  );
}

/** A request a row, each with the patience of all. */
function rowTimes(timeoutMs: number) {
  return { timeoutMs, envelopeTimeoutMs: timeoutMs };
}

function rig(sender: Sender, server: Provider, busy: () => Response): Rig {
  return {
    sender,
    accepted: () => server.accepted.map(({ ref }) => ref),
    meet(trouble) {
      server.trouble = trouble === "busy" ? busy : trouble === "late" ? "late" : "hang";
    },
    close: () => server.stop(),
  };
}

function openSandbox(channel: ExternalChannelName, timeoutMs = patientMs): Rig {
  const sandbox = createSandbox({ path: join(tempDir(), "sandbox.db"), timeoutMs }, realWorld);
  return {
    sender: sandbox.senders[channel],
    accepted: () =>
      sandbox
        .list({ first: 1_000 })
        .deliveries.map(({ ref }) => ref)
        .reverse(),
    meet: (trouble) => sandbox.setFaults(channel, { [trouble === "silence" ? "drop" : trouble]: 1 }),
    close: () => sandbox.close(),
  };
}
