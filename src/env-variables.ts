import { z } from "zod";
import { flag, listOf, mailbox, smsSender, url, whole } from "./env-values.ts";
import { secret } from "./secrets.ts";
import { timeZone } from "./value/time-zone.ts";

/** What production may be allowed by name. */
const allowances = ["sandbox", "embedded-broker"] as const;

/** The environment's variables. Any of them may instead be `<NAME>_FILE`, naming a file that holds the value. */
export const Variables = z.object({
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
export type Variables = z.output<typeof Variables>;
export type Name = keyof Variables;
export const variableNames: readonly Name[] = Variables.keyof().options;

/** The variables that are set, as text. */
export type Given = Readonly<Partial<Record<Name, string>>>;
