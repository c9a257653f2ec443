import { importPKCS8, SignJWT } from "jose";
import { type Granted, requestGrant, turnedDown } from "../access-token.ts";
import type { SenderWorld } from "../channel.ts";

/** A service account, and where it asks. */
export interface ServiceAccount {
  readonly email: string;
  readonly privateKey: string;
  readonly keyId: string | undefined;
  readonly url: string;
  readonly timeoutMs: number;
  readonly world: SenderWorld;
}

const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const scope = "https://www.googleapis.com/auth/firebase.messaging";
const endpoint = { who: "Google", setting: "push.serviceAccount" };

/** An access token for a Google service account: a signed JWT against a token of about an hour (RFC 7523). */
export async function googleToken(account: ServiceAccount): Promise<Granted> {
  const assertion = await signed(account).catch(() => undefined);
  if (!assertion) return turnedDown(endpoint, "the key cannot be read");
  return await requestGrant({ ...endpoint, ...account, form: { grant_type: grantType, assertion } });
}

async function signed({ email, privateKey, keyId, url }: ServiceAccount): Promise<string> {
  const key = await importPKCS8(privateKey, "RS256");
  return await new SignJWT({ scope })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(email)
    .setAudience(url)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(key);
}
