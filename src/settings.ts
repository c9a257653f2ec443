import { join } from "node:path";
import { type ChannelSettings, type Channels, providerSettings } from "./channels/index.ts";
import type { Domain } from "./context.ts";
import type { DatabaseSettings } from "./db/client.ts";
import type { HeavySettings } from "./db/heavy/heavy-reads.ts";
import type { Env, FurtherVariables } from "./env.ts";
import { fromCheckout } from "./installation.ts";
import type { ProviderSecrets } from "./jobs/provider-callbacks.ts";
import type { MemberTokenSettings } from "./operations/member-token.ts";
import { standingOrigin } from "./queue/broker/standing.ts";
import { queueFlows } from "./queue/flow.ts";
import { installationOf } from "./queue/installation.ts";
import type { Flow, QueueSettings } from "./queue/qstash.ts";
import type { RedisSettings } from "./redis/client.ts";
import { readManifest } from "./schema/server/document-manifest.ts";
import type { TrustedOptions } from "./schema/server/server.ts";
import type { Settings } from "./settings-slice.ts";
import type { FrontOptions } from "./web/front.ts";
import { webSettings as readWebSettings, type WebSettings, webVariables } from "./web/settings.ts";
import type { Timers } from "./world.ts";

// What each part is told, from the environment: the same code runs in both worlds, only its settings differ.

export function databaseSettings({
  DATABASE_URL: url,
  DATABASE_AUTH_TOKEN: authToken,
  dataDir,
}: Env): DatabaseSettings {
  if (url === undefined) return { url: `file:${join(dataDir, "fanfare.db")}`, authToken };
  const [, relative] = /^file:([^/:].*)$/.exec(url) ?? [];
  return { url: relative ? `file:${fromCheckout(relative)}` : url, authToken };
}

export function heavySettings(env: Env): HeavySettings {
  return { readers: env.READERS, perAsker: env.READS_PER_TOKEN, seconds: env.READ_SECONDS };
}

export function memberTokenSettings(env: Env): MemberTokenSettings {
  const pinned = { issuer: env.MEMBER_JWT_ISSUER, audience: env.MEMBER_JWT_AUDIENCE };
  return env.MEMBER_JWT_JWKS_URL
    ? { ...pinned, algorithms: ["RS256", "ES256", "EdDSA"], jwksUrl: env.MEMBER_JWT_JWKS_URL }
    : { ...pinned, algorithms: ["HS256"], secret: env.secrets.memberJwtSecret };
}

export function redisSettings(env: Env): RedisSettings {
  if (env.UPSTASH_REDIS_REST_URL) {
    return { kind: "rest", url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN ?? "" } as const;
  }
  if (env.REDIS_URL === "none") return { kind: "none" } as const;
  return env.REDIS_URL
    ? ({ kind: "url", url: env.REDIS_URL } as const)
    : ({ kind: "managed", dataDir: env.dataDir } as const);
}

export function channelSettings(env: Env): ChannelSettings {
  return { sandboxPath: join(env.dataDir, "sandbox.db"), providers: providerSettings(env) };
}

export function webSettings(env: Env): WebSettings {
  return readWebSettings(env.further(webVariables));
}

/** The trusted documents of the shop's app, if it has any, and how they are served. */
export function documentSettings(env: Env): Omit<TrustedOptions, "count"> | undefined {
  if (env.DOCUMENTS === undefined) return undefined;
  return { documents: readManifest(env.DOCUMENTS, "DOCUMENTS"), only: env.DOCUMENTS_ONLY, isOpen: env.FAST_LANE };
}

export function frontOptions(env: Env, timers: Timers): FrontOptions {
  const { HOST: host, PORT: port, PORT_SHARED: shared, TRUST_PROXY: trustProxy } = env;
  return { host, port, shared, trustProxy, settings: webSettings(env), timers };
}

/** Where this process listens, and the address of Fanfare's own broker where that is the queue. */
interface Addresses {
  readonly url: string;
  readonly broker?: string | undefined;
}

export function queueSettings(
  env: Env,
  domains: readonly Domain[],
  { senders }: Channels,
  { url, broker }: Addresses,
): QueueSettings {
  const flows: Record<string, Flow> = { ...queueFlows };
  for (const { flows: usual = {} } of domains) Object.assign(flows, usual);
  for (const { name, limits } of Object.values(senders)) flows[name] = limits;
  const called = `${env.PUBLIC_URL ?? url}/jobs`;
  return {
    installation: broker ? ownInstallation(env) : installationOf(called),
    url: broker ?? env.QSTASH_URL ?? "https://qstash.upstash.io",
    token: broker ? env.secrets.brokerToken : (env.QSTASH_TOKEN ?? ""),
    currentSigningKey: env.secrets.currentSigningKey,
    nextSigningKey: env.secrets.nextSigningKey,
    ...(broker ? { jobsUrl: `${ownOrigin(env)}/jobs`, ownUrl: `${url}/jobs` } : { jobsUrl: called }),
    retries: env.QUEUE_RETRIES,
    flows,
  };
}

/** Where Fanfare's own broker delivers: to whichever of the installation's processes are there. */
export function ownOrigin(env: Env): string {
  return standingOrigin(`fanfare-${ownInstallation(env)}`);
}

/** Our own broker is the data directory's, whoever serves it and wherever; QStash calls the public address. */
function ownInstallation({ secrets }: Env): string {
  return installationOf(secrets.brokerToken);
}

/** What domains read. */
export function domainSettings(env: Env, domains: readonly Domain[], { senders }: Channels, url: string): Settings {
  const installation = { production: env.production, allowed: env.ALLOW, secrets: { ...env.secrets } };
  const slices = domains.flatMap(({ name, settings }) =>
    settings ? [[name, settings.read(env.further(settings.variables), installation)] as const] : [],
  );
  return {
    publicUrl: env.PUBLIC_URL ?? url,
    shopTimeZone: env.SHOP_TIME_ZONE,
    shopName: env.SHOP_NAME,
    limits: Object.fromEntries(Object.values(senders).map(({ name, limits }) => [name, limits])),
    linkSecret: env.secrets.linkSecret,
    httpsOnly: env.production,
    isDatabaseFar: !databaseSettings(env).url.startsWith("file:"),
    slices: Object.fromEntries(slices),
  };
}

/** The variables of the web's side and of all domains, for whoever reads the environment. */
export function variablesOf(domains: readonly Domain[]): FurtherVariables[] {
  const own = domains.flatMap(({ settings }) => (settings ? [settings.variables] : []));
  return [webVariables, ...own];
}

/** What providers sign with when they call us. */
export function providerSecrets(env: Env): ProviderSecrets {
  return {
    resend: env.RESEND_WEBHOOK_SECRET,
    twilio: env.TWILIO_AUTH_TOKEN,
    twilioUrl: `${env.PUBLIC_URL ?? ""}/webhooks/twilio`,
  };
}
