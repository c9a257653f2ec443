import type { Limits } from "../channel.ts";

/** What Firebase Cloud Messaging needs to know of us. */
export interface PushSettings {
  /** The service account's key file, as JSON text. */
  readonly serviceAccount: string;
  readonly baseUrl?: string;
  /** Where access tokens are fetched; otherwise as the key file says. */
  readonly tokenUrl?: string;
  readonly limits?: Partial<Limits>;
  readonly timeoutMs?: number;
  readonly envelopeTimeoutMs?: number;
}

/** The environment's variables for push notifications. */
export interface PushVariables {
  readonly FCM_SERVICE_ACCOUNT?: string | undefined;
  readonly FCM_BASE_URL?: string | undefined;
}

/** The settings of push notifications; nothing where a variable is missing that they cannot do without. */
export function pushSettings(env: PushVariables): PushSettings | undefined {
  const { FCM_SERVICE_ACCOUNT: serviceAccount, FCM_BASE_URL: baseUrl } = env;
  return serviceAccount ? { serviceAccount, ...(baseUrl && { baseUrl }) } : undefined;
}
