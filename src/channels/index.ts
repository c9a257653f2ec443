import { byChannel, externalNames } from "./catalog.ts";
import type { ExternalChannelName, Sender, Senders, SenderWorld } from "./channel.ts";
import { emailSender } from "./email/email.ts";
import { type EmailVariables, emailSettings } from "./email/settings.ts";
import { pushSender } from "./push/push.ts";
import { type PushVariables, pushSettings } from "./push/settings.ts";
import { createSandbox, type Sandbox, type SandboxOptions } from "./sandbox/sandbox.ts";
import { type SmsVariables, smsSettings } from "./sms/settings.ts";
import { smsSender } from "./sms/sms.ts";

/** Who sends on a channel, given its provider's credentials. */
const senderMakers = {
  EMAIL: emailSender,
  SMS: smsSender,
  PUSH: pushSender,
} as const satisfies Record<ExternalChannelName, Maker<never>>;

type Maker<Settings> = (settings: Settings, world: SenderWorld) => Sender;
type Makers = typeof senderMakers;
type ProviderSettings = { readonly [Name in keyof Makers]: Parameters<Makers[Name]>[0] };
type Providers = { readonly [Name in keyof Makers]?: ProviderSettings[Name] | undefined };

/** The credentials of each channel's provider, as far as the environment has them. */
export function providerSettings(env: EmailVariables & SmsVariables & PushVariables): Providers {
  return {
    EMAIL: emailSettings(env),
    SMS: smsSettings(env),
    PUSH: pushSettings(env),
  } satisfies Record<ExternalChannelName, unknown>;
}

export interface ChannelSettings {
  readonly sandboxPath: string;
  /** What the sandbox shall do wrong, how long it is waited for, and its dice. */
  readonly sandbox?: Omit<SandboxOptions, "path">;
  /** By channel, the credentials of its provider: a channel without them goes to the sandbox. */
  readonly providers?: Providers;
}

export interface Channels {
  readonly senders: Senders;
  /** Always there, used or not. */
  readonly sandbox: Sandbox;
  close(): Promise<void>;
}

/** Opens the channels that leave the building. Throws a `SetupError` for credentials that cannot be read. */
export function openChannels(settings: ChannelSettings, world: SenderWorld): Channels {
  const { sandboxPath, sandbox: options, providers = {} } = settings;
  const sandbox = createSandbox({ ...options, path: sandboxPath }, world);
  const senderOf = (name: ExternalChannelName) => realSender(name, providers, world) ?? sandbox.senders[name];
  return { senders: byChannel(externalNames, senderOf), sandbox, close: async () => sandbox.close() };
}

function realSender<Name extends ExternalChannelName>(
  name: Name,
  providers: Providers,
  world: SenderWorld,
): Sender | undefined {
  const settings: ProviderSettings[Name] | undefined = providers[name];
  const make: { readonly [Each in ExternalChannelName]: Maker<ProviderSettings[Each]> } = senderMakers;
  return settings && make[name](settings, world);
}
