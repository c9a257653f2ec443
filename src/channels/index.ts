import type { Sender, Senders } from "./channel.ts";
import { type EmailSettings, emailSender } from "./email.ts";
import { type PushSettings, pushSender } from "./push.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
import { type SmsSettings, smsSender } from "./sms.ts";

/** A provider's section is its credentials: a channel without one goes to the sandbox. */
export interface ChannelSettings {
  readonly sandboxPath: string;
  /** What the sandbox shall do wrong, how long it is waited for, its clock and its dice. */
  readonly sandbox?: Omit<SandboxOptions, "path">;
  readonly email?: EmailSettings;
  readonly sms?: SmsSettings;
  readonly push?: PushSettings;
}

export interface Channels {
  readonly senders: Senders;
  /** Always there, used or not. */
  readonly sandbox: Sandbox;
  close(): Promise<void>;
}

/** Opens the channels that leave the building. Throws a `SetupError` for credentials that cannot be read. */
export function openChannels({ sandboxPath, sandbox: options, email, sms, push }: ChannelSettings): Channels {
  const real: Partial<Record<keyof Senders, Sender>> = {
    ...(email && { EMAIL: emailSender(email) }),
    ...(sms && { SMS: smsSender(sms) }),
    ...(push && { PUSH: pushSender(push) }),
  };
  const sandbox = createSandbox({ ...options, path: sandboxPath });
  return { senders: { ...sandbox.senders, ...real }, sandbox, close: async () => sandbox.close() };
}
