import { createHash, createHmac } from "node:crypto";

const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url");

/**
 * The `Upstash-Signature` of a delivery: a JWT over its exact URL and raw body, good for 300 s.
 * Its times are the wall clock's, as the receiver will hold its own against them.
 */
export function sign(key: string, url: string, body: Uint8Array<ArrayBuffer>): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: "Upstash",
    sub: url,
    exp: now + 300,
    nbf: now,
    iat: now,
    jti: `jwt_${Bun.randomUUIDv7("hex")}`,
    // QStash keeps the padding that base64url usually drops.
    body: `${createHash("sha256").update(body).digest("base64url")}=`,
  };
  const unsigned = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${unsigned}.${createHmac("sha256", key).update(unsigned).digest("base64url")}`;
}
