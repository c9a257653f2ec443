/**
 * The name of one claim, in the gate and in the table: a member's idempotency key is one claim, whatever it asks for.
 * It begins with a letter, as the Redis client would read digits as a number.
 */
export function claimToken(member: number, idempotencyKey: string): string {
  const hash = new Bun.CryptoHasher("sha256").update(`${member}/${idempotencyKey}`).digest("base64url");
  return `c${hash.slice(0, 22)}`;
}
