import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ExternalChannelName } from "./channels/catalog.ts";
import { expectInstallation, fromCheckout } from "./data-dir.ts";
import { flag, isPrivateUrl, listOf, mailbox, smsSender, url, whole } from "./env-values.ts";
import { check, schemaIssues } from "./input.ts";
import { keptSecrets, type Secrets, secret } from "./secrets.ts";
import { timeZone } from "./value/time-zone.ts";

/** Every fault of the environment at once, each line ready to be read by a person. */
export class EnvError extends Error {
  override readonly name = "EnvError";
  constructor(readonly faults: readonly string[]) {
    super(`The environment is not fit to start:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
  }
}

/** What production may be allowed by name. */
const allowances = ["sandbox", "embedded-broker"] as const;

/** The environment's variables. Any of them may instead be `<NAME>_FILE`, naming a file that holds the value. */
const Variables = z.object({
  NODE_ENV: z.enum(["development", "test", "production"]).default("development"),
  HOST: z.string().default("127.0.0.1"),
  PORT: whole(0, 65_535).default(3000),
  PORT_SHARED: flag.default(false),
  PUBLIC_URL: url.optional(),
  DATA_DIR: z.string().default("data"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  ALLOW: z
    .string()
    .default("")
    .transform(listOf)
    .pipe(z.array(z.enum(allowances, `a list of ${allowances.join(", ")}`))),
  DATABASE_URL: z
    .string()
    .regex(/^(file:|libsql:\/\/|https?:\/\/|wss?:\/\/)/, "file:, libsql://, https:// or http://")
    .optional(),
  DATABASE_AUTH_TOKEN: z.string().optional(),
  READERS: z.coerce.number().int().min(0).max(16).default(2),
  READS_PER_TOKEN: z.coerce.number().int().min(1).max(100).default(8),
  READ_SECONDS: z.coerce.number().int().min(1).max(3_600).default(60),
  REDIS_URL: z
    .string()
    .regex(/^(redis|rediss|redis\+unix):\/\/|^none$/, "redis://, rediss://, redis+unix:// or none")
    .optional(),
  UPSTASH_REDIS_REST_URL: url.optional(),
  UPSTASH_REDIS_REST_TOKEN: z.string().optional(),
  QSTASH_URL: url.optional(),
  QSTASH_TOKEN: z.string().optional(),
  QSTASH_CURRENT_SIGNING_KEY: z.string().optional(),
  QSTASH_NEXT_SIGNING_KEY: z.string().optional(),
  QUEUE_RETRIES: whole(0, 100).default(3),
  BROKER_PORT: whole(0, 65_535).default(0),
  BROKER: z.enum(["in-process", "own-process"]).default("in-process"),
  RESEND_API_KEY: z.string().optional(),
  RESEND_BASE_URL: url.optional(),
  RESEND_WEBHOOK_SECRET: z.string().optional(),
  EMAIL_FROM: mailbox.optional(),
  EMAIL_REPLY_TO: mailbox.optional(),
  TWILIO_ACCOUNT_SID: z.string().optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  TWILIO_FROM: smsSender.optional(),
  TWILIO_BASE_URL: url.optional(),
  FCM_SERVICE_ACCOUNT: z.string().optional(),
  FCM_BASE_URL: url.optional(),
  LINK_SECRET: secret.optional(),
  MEMBER_JWT_SECRET: secret.optional(),
  MEMBER_JWT_JWKS_URL: url.optional(),
  MEMBER_JWT_ISSUER: z.string().default("shop"),
  MEMBER_JWT_AUDIENCE: z.string().default("fanfare"),
  TRUST_PROXY: flag.default(false),
  DOCUMENTS: z.string().optional(),
  DOCUMENTS_ONLY: flag.default(false),
  FAST_LANE: flag.default(true),
  SHOP_NAME: z.string().min(1).default("Fanfare"),
  SHOP_TIME_ZONE: timeZone().default("UTC"),
});
type Variables = z.output<typeof Variables>;
type Name = keyof Variables;
export const variableNames: readonly Name[] = Variables.keyof().options;

/** Further variables, such as a domain has: names and how each is read from its text. */
export type FurtherVariables = z.ZodRawShape;

/** The environment, checked and complete. */
export interface Env extends Omit<Variables, "DATA_DIR"> {
  /** Absolute. */
  readonly dataDir: string;
  readonly production: boolean;
  readonly secrets: Secrets;
  /** Reads further variables of the same environment. Throws an {@link EnvError} that names every fault. */
  further<Shape extends FurtherVariables>(variables: Shape): z.output<z.ZodObject<Shape>>;
}

type Source = Readonly<Record<string, string | undefined>>;

/** The process's environment with some variables in the place of its own. */
export function environment(overrides: Source = {}): Source {
  return { ...Bun.env, ...overrides };
}

/** Whether the data directory may be a new one, in which an installation is made, or must hold one. */
type Installation = "new or old" | "old";

/**
 * Checks and completes an environment, by default the process's. Throws an {@link EnvError} that names every fault,
 * those of `further` variables among them, and a {@link SetupError} for a data directory that cannot serve.
 */
export function readEnv(
  source: Source = environment(),
  further: readonly FurtherVariables[] = [],
  installation: Installation = "new or old",
): Env {
  const faults: string[] = [];
  const given: Given = withFiles(source, variableNames, faults);
  const parsed = check(Variables, given);
  faults.push(...faultsOf(parsed.error), ...further.flatMap((variables) => readFurther(source, variables).faults));
  faults.push(...contradictions(given));
  if (given.NODE_ENV === "production") faults.push(...unsafeInProduction(given));
  if (!parsed.success || faults.length > 0) throw new EnvError(faults);
  const { DATA_DIR, ...variables } = parsed.data;
  const dataDir = fromCheckout(DATA_DIR);
  if (installation === "old") expectInstallation(dataDir);
  return {
    ...variables,
    dataDir,
    production: variables.NODE_ENV === "production",
    secrets: secretsFor(variables, dataDir),
    further: (more) => {
      const { values, faults } = readFurther(source, more);
      if (values === undefined) throw new EnvError(faults);
      return values;
    },
  };
}

function readFurther<Shape extends FurtherVariables>(source: Source, variables: Shape) {
  const faults: string[] = [];
  const parsed = check(z.object(variables), withFiles(source, Object.keys(variables), faults));
  faults.push(...faultsOf(parsed.error));
  return { faults, values: faults.length === 0 ? parsed.data : undefined };
}

function faultsOf(error: z.ZodError | undefined): string[] {
  return schemaIssues(error).map(({ path, message }) => `${path.split(".")[0]}: ${message}`);
}

/** The variables that are set, as text. */
type Given = Readonly<Partial<Record<Name, string>>>;

/** Replaces `<NAME>_FILE` by the content of its file; what is empty or blank counts as absent. */
function withFiles(source: Source, names: readonly string[], faults: string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) {
    const direct = source[name]?.trim();
    const file = source[`${name}_FILE`]?.trim();
    if (direct && file) faults.push(`${name}: both ${name} and ${name}_FILE are set`);
    const value = direct || (file && contentOf(file));
    if (value) values[name] = value;
    else if (file) faults.push(`${name}_FILE: there is nothing to be read in ${file}`);
  }
  return values;
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(fromCheckout(file), "utf8").trim();
  } catch {
    return undefined;
  }
}

/** What each channel's provider needs; a channel without it goes to the sandbox. */
const providers: Readonly<Record<ExternalChannelName, readonly Name[]>> = {
  EMAIL: ["RESEND_API_KEY", "EMAIL_FROM"],
  SMS: ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"],
  PUSH: ["FCM_SERVICE_ACCOUNT"],
};

/** Variables that make sense only together; one may stand in several groups, of which one must be whole. */
const groups: readonly (readonly Name[])[] = [
  ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
  ["QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"],
  ...Object.values(providers),
];

function contradictions(given: Given): string[] {
  const whole = new Set(groups.filter((group) => missingOf(group, given).length === 0).flat());
  const faults = groups.flatMap((group) => {
    const lonely = group.filter((name) => given[name] !== undefined && !whole.has(name));
    return lonely.length === 0
      ? []
      : [`${missingOf(group, given).join(", ")}: missing, while ${lonely.join(", ")} is set`];
  });
  if (given.REDIS_URL && given.UPSTASH_REDIS_REST_URL) {
    faults.push("REDIS_URL: set together with UPSTASH_REDIS_REST_URL; which one is meant?");
  }
  if (given.DOCUMENTS === undefined && flag.safeParse(given.DOCUMENTS_ONLY).data) {
    faults.push("DOCUMENTS: missing, while DOCUMENTS_ONLY is set: nothing at all could be asked of /app");
  }
  if (given.BROKER === "own-process" && !Number(given.BROKER_PORT)) {
    faults.push("BROKER_PORT: needed with BROKER=own-process, so that server and broker find each other");
  }
  const shared = flag.safeParse(given.PORT_SHARED).data;
  if (shared && Number(given.PORT) === 0) faults.push("PORT: 0 is another port for each, while PORT_SHARED is set");
  if (shared && given.BROKER !== "own-process" && !given.QSTASH_TOKEN) {
    faults.push("PORT_SHARED: needs BROKER=own-process or QStash; a queue in one server's process is no other's");
  }
  return faults;
}

function missingOf(group: readonly Name[], given: Given): Name[] {
  return group.filter((name) => given[name] === undefined);
}

function unsafeInProduction(given: Given): string[] {
  const faults: string[] = [];
  const needs = (name: Name, why: string) => {
    if (given[name] === undefined) faults.push(`${name}: required in production ${why}`);
  };
  needs("PUBLIC_URL", "(links and signatures are made for it)");
  needs("LINK_SECRET", "(signs links in messages)");
  if (!given.MEMBER_JWT_JWKS_URL) needs("MEMBER_JWT_SECRET", "(or MEMBER_JWT_JWKS_URL: checks members' tokens)");
  for (const name of ["PUBLIC_URL", "MEMBER_JWT_JWKS_URL"] as const) {
    const address = given[name];
    if (address && !isPrivateUrl(address)) faults.push(`${name}: must be https:// in production`);
  }
  const allowed = listOf(given.ALLOW ?? "");
  if (!allowed.includes("embedded-broker")) needs("QSTASH_TOKEN", "(unless ALLOW names embedded-broker)");
  if (allowed.includes("sandbox")) return faults;
  for (const [channel, group] of Object.entries(providers)) {
    const missing = missingOf(group, given);
    if (missing.length > 0)
      faults.push(
        `${missing.join(", ")}: required in production ` +
          `(${channel} would go to the sandbox; unless ALLOW names sandbox)`,
      );
  }
  return faults;
}

function secretsFor(variables: Omit<Variables, "DATA_DIR">, dataDir: string): Secrets {
  const kept = keptSecrets(dataDir);
  return {
    ...kept,
    linkSecret: variables.LINK_SECRET ?? kept.linkSecret,
    memberJwtSecret: variables.MEMBER_JWT_SECRET ?? kept.memberJwtSecret,
    currentSigningKey: variables.QSTASH_CURRENT_SIGNING_KEY ?? kept.currentSigningKey,
    nextSigningKey: variables.QSTASH_NEXT_SIGNING_KEY ?? kept.nextSigningKey,
  };
}
