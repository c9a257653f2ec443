import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { SignJWT } from "jose";
import type { Shop } from "./shop.ts";

/** What a delivery's signature says; whatever is not given is right. */
export interface Signed {
  readonly url: string;
  readonly body: string;
  readonly key?: string;
  readonly issuer?: string;
  /** Seconds from now at which it begins and ends to hold. */
  readonly from?: number;
  readonly until?: number;
}

/** Both keys with which a shop's queue may sign. */
export function signingKeys(shop: Shop): { readonly current: string; readonly next: string } {
  const secrets = JSON.parse(readFileSync(join(dirname(shop.sandboxPath), "secrets.json"), "utf8"));
  return { current: secrets.currentSigningKey, next: secrets.nextSigningKey };
}

/** The header `Upstash-Signature`, made as QStash makes it. */
export function qstashSignature(shop: Shop, { url, body, key, issuer = "Upstash", from = 0, until = 300 }: Signed) {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ body: new Bun.CryptoHasher("sha256").update(body).digest("base64url") })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(issuer)
    .setSubject(url)
    .setIssuedAt(now + from)
    .setNotBefore(now + from)
    .setExpirationTime(now + until)
    .setJti(crypto.randomUUID())
    .sign(new TextEncoder().encode(key ?? signingKeys(shop).current));
}
