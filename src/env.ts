import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";

/** Every fault of the environment at once, each line ready to be read by a person. */
export class EnvError extends Error {
  override readonly name = "EnvError";
  constructor(readonly faults: readonly string[]) {
    super(`The environment is not fit to start:\n${faults.map((fault) => `  - ${fault}`).join("\n")}`);
  }
}

const secret = z.string().min(32, "at least 32 characters");
const flag = z.stringbool();
const seconds = z.coerce.number().int().positive();
const count = z.coerce.number().int().positive();
const url = z.url().transform((value) => value.replace(/\/+$/, ""));

/** The environment's variables. Any of them may instead be `<NAME>_FILE`, naming a file that holds the value. */
const Variables = z.object({
  NODE_ENV: z.enum(["development", "test", "production"]).default("development"),
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  PUBLIC_URL: url.optional(),
  DATA_DIR: z.string().default("data"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  /** What production is allowed by name: `sandbox`, `embedded-broker`. */
  ALLOW: z
    .string()
    .default("")
    .transform((list) =>
      list
        .split(",")
        .map((item) => item.trim())
        .filter(Boolean),
    ),
  DATABASE_URL: z
    .string()
    .regex(/^(file:|libsql:\/\/|https?:\/\/|wss?:\/\/)/, "file:, libsql://, https:// or http://")
    .optional(),
  DATABASE_AUTH_TOKEN: z.string().optional(),
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
  QUEUE_RETRIES: z.coerce.number().int().min(0).max(100).default(3),
  BROKER_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  BROKER: z.enum(["in-process", "own-process"]).default("in-process"),
  RESEND_API_KEY: z.string().optional(),
  RESEND_BASE_URL: url.optional(),
  RESEND_WEBHOOK_SECRET: z.string().optional(),
  EMAIL_FROM: z.string().optional(),
  EMAIL_REPLY_TO: z.string().optional(),
  TWILIO_ACCOUNT_SID: z.string().optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  TWILIO_FROM: z.string().optional(),
  TWILIO_BASE_URL: url.optional(),
  FCM_SERVICE_ACCOUNT: z.string().optional(),
  FCM_BASE_URL: url.optional(),
  LINK_SECRET: secret.optional(),
  MEMBER_JWT_SECRET: secret.optional(),
  MEMBER_JWT_JWKS_URL: url.optional(),
  MEMBER_JWT_ISSUER: z.string().default("shop"),
  MEMBER_JWT_AUDIENCE: z.string().default("fanfare"),
  TRUST_PROXY: flag.default(false),
  SHOP_NAME: z.string().min(1).default("Fanfare"),
  SHOP_TIME_ZONE: z.string().default("UTC").refine(isZone, "not an IANA time zone"),
  PAGE_SIZE: count.max(10_000).default(1000),
  BATCH_WINDOW: count.max(10_000).default(200),
  LEASE_SECONDS: seconds.default(30),
  LEDGER_DAYS: count.default(400),
  APPROVAL_ABOVE: z.coerce.number().int().nonnegative().default(100_000),
});
type Variables = z.output<typeof Variables>;

/** Secrets that a local installation makes for itself, once. */
const Secrets = z.object({
  linkSecret: secret,
  memberJwtSecret: secret,
  brokerToken: secret,
  currentSigningKey: secret,
  nextSigningKey: secret,
});
type Secrets = z.infer<typeof Secrets>;

/** The environment, checked and complete. */
export interface Env extends Omit<Variables, "DATA_DIR"> {
  /** Absolute. */
  readonly dataDir: string;
  readonly production: boolean;
  readonly secrets: Secrets;
}

type Source = Readonly<Record<string, string | undefined>>;

/** The process's environment with some variables in the place of its own. */
export function environment(overrides: Source = {}): Source {
  return { ...Bun.env, ...overrides };
}

/** Checks and completes an environment, by default the process's. Throws an {@link EnvError} that names every fault. */
export function readEnv(source: Source = environment()): Env {
  const faults: string[] = [];
  const parsed = Variables.safeParse(withFiles(source, faults));
  if (!parsed.success) faults.push(...parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
  if (parsed.success) faults.push(...incompleteGroups(parsed.data));
  if (parsed.success && parsed.data.NODE_ENV === "production") faults.push(...unsafeInProduction(parsed.data));
  if (!parsed.success || faults.length > 0) throw new EnvError(faults);
  const { DATA_DIR, ...variables } = parsed.data;
  const dataDir = resolve(DATA_DIR);
  return {
    ...variables,
    dataDir,
    production: variables.NODE_ENV === "production",
    secrets: secretsFor(variables, dataDir),
  };
}

/** Replaces `<NAME>_FILE` by the content of its file; an empty variable counts as absent. */
function withFiles(source: Source, faults: string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of Object.keys(Variables.shape)) {
    const direct = source[name];
    const file = source[`${name}_FILE`];
    if (direct && file) faults.push(`${name}: both ${name} and ${name}_FILE are set`);
    else if (direct) values[name] = direct;
    else if (file && existsSync(file)) values[name] = readFileSync(file, "utf8").trim();
    else if (file) faults.push(`${name}_FILE: there is no file ${file}`);
  }
  return values;
}

/** Settings that make sense only together. */
const groups: readonly (readonly (keyof Variables)[])[] = [
  ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
  ["QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"],
  ["RESEND_API_KEY", "EMAIL_FROM"],
  ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"],
];

function incompleteGroups(variables: Variables): string[] {
  const faults = groups.flatMap((group) => {
    const missing = group.filter((name) => variables[name] === undefined);
    if (missing.length === 0 || missing.length === group.length) return [];
    return [
      `${missing.join(", ")}: missing, while ${group.filter((name) => !missing.includes(name)).join(", ")} is set`,
    ];
  });
  if (variables.REDIS_URL && variables.UPSTASH_REDIS_REST_URL) {
    faults.push("REDIS_URL: set together with UPSTASH_REDIS_REST_URL; which one is meant?");
  }
  if (variables.BROKER === "own-process" && variables.BROKER_PORT === 0) {
    faults.push("BROKER_PORT: needed with BROKER=own-process, so that server and broker find each other");
  }
  return faults;
}

function unsafeInProduction(variables: Variables): string[] {
  const faults: string[] = [];
  const needs = (name: keyof Variables, why: string) => {
    if (variables[name] === undefined) faults.push(`${name}: required in production ${why}`);
  };
  needs("PUBLIC_URL", "(links and signatures are made for it)");
  needs("LINK_SECRET", "(signs links in messages)");
  if (!variables.MEMBER_JWT_JWKS_URL) needs("MEMBER_JWT_SECRET", "(or MEMBER_JWT_JWKS_URL: checks members' tokens)");
  const allowed = new Set(variables.ALLOW);
  if (!variables.QSTASH_TOKEN && !allowed.has("embedded-broker")) {
    faults.push("QSTASH_TOKEN: required in production, unless ALLOW names embedded-broker");
  }
  const sandboxed = (["RESEND_API_KEY", "TWILIO_ACCOUNT_SID", "FCM_SERVICE_ACCOUNT"] as const).filter(
    (name) => !variables[name],
  );
  if (sandboxed.length > 0 && !allowed.has("sandbox")) {
    faults.push(
      `${sandboxed.join(", ")}: without it the channel goes to the sandbox; required in production, unless ALLOW names sandbox`,
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

/** The secrets in the data directory, made on the first start and readable by their owner only. */
function keptSecrets(dataDir: string): Secrets {
  const path = join(dataDir, "secrets.json");
  if (existsSync(path)) {
    const kept = Secrets.safeParse(JSON.parse(readFileSync(path, "utf8")));
    if (!kept.success)
      throw new EnvError([
        `${path}: damaged; restore it, or delete it to make new secrets (links already sent stop working)`,
      ]);
    return kept.data;
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const make = () => randomBytes(32).toString("base64url");
  const made: Secrets = {
    linkSecret: make(),
    memberJwtSecret: make(),
    brokerToken: make(),
    currentSigningKey: `sig_${make()}`,
    nextSigningKey: `sig_${make()}`,
  };
  writeFileSync(path, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
  return made;
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
