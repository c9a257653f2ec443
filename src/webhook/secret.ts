/**
 * How long a secret that was rotated out signs as well, in milliseconds: so long receivers have to take the new one.
 */
export const oldSecretMs = 24 * 3_600_000;

/** 256 random bits in the form of Standard Webhooks. */
export function newSecret(): string {
  return `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")}`;
}

/** What signs at a moment: the secret, and before its time is over the one that it replaced. */
export function secretsAt(
  { secret, oldSecret, oldUntil }: { secret: string; oldSecret: string | null; oldUntil: number | null },
  now: number,
): string[] {
  return oldSecret !== null && oldUntil !== null && now < oldUntil ? [secret, oldSecret] : [secret];
}
