import type { Limits } from "../channel.ts";

/** What Resend needs to know of us. */
export interface EmailSettings {
  readonly apiKey: string;
  /** `Shop <news@shop.example>`, of a domain verified at Resend. */
  readonly from: string;
  readonly replyTo?: string;
  readonly baseUrl?: string;
  readonly limits?: Partial<Limits>;
  readonly timeoutMs?: number;
}

/** The environment's variables for e-mail. */
export interface EmailVariables {
  readonly RESEND_API_KEY?: string | undefined;
  readonly RESEND_BASE_URL?: string | undefined;
  readonly EMAIL_FROM?: string | undefined;
  readonly EMAIL_REPLY_TO?: string | undefined;
}

/** The settings of e-mail; nothing where a variable is missing that it cannot do without. */
export function emailSettings(env: EmailVariables): EmailSettings | undefined {
  const { RESEND_API_KEY: apiKey, EMAIL_FROM: from, EMAIL_REPLY_TO: replyTo, RESEND_BASE_URL: baseUrl } = env;
  if (!apiKey || !from) return undefined;
  return { apiKey, from, ...(replyTo && { replyTo }), ...(baseUrl && { baseUrl }) };
}
