import type { Limits } from "../channel.ts";

/** What Twilio needs to know of us. */
export interface SmsSettings {
  readonly accountSid: string;
  readonly authToken: string;
  /** A number of ours (`+1…`), a sender name, or the sid of a messaging service (`MG…`). */
  readonly from: string;
  readonly baseUrl?: string;
  /** Where Twilio reports what becomes of a message; the envelope's ref is added as `ref`. */
  readonly statusCallback?: string;
  readonly limits?: Partial<Limits>;
  readonly timeoutMs?: number;
  readonly envelopeTimeoutMs?: number;
}

/** The environment's variables for text messages. */
export interface SmsVariables {
  readonly TWILIO_ACCOUNT_SID?: string | undefined;
  readonly TWILIO_AUTH_TOKEN?: string | undefined;
  readonly TWILIO_FROM?: string | undefined;
  readonly TWILIO_BASE_URL?: string | undefined;
  /** Where Twilio reaches us: without, it reports nothing. */
  readonly PUBLIC_URL?: string | undefined;
}

/** The settings of text messages; nothing where a variable is missing that they cannot do without. */
export function smsSettings(env: SmsVariables): SmsSettings | undefined {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_FROM: from } = env;
  if (!accountSid || !authToken || !from) return undefined;
  return {
    accountSid,
    authToken,
    from,
    ...(env.TWILIO_BASE_URL && { baseUrl: env.TWILIO_BASE_URL }),
    ...(env.PUBLIC_URL && { statusCallback: `${env.PUBLIC_URL}/webhooks/twilio` }),
  };
}
