import {
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  importSPKI,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  jwksCache,
} from "jose";
import { SetupError } from "../errors.ts";
import { withoutNulls } from "../foreign-json.ts";

/**
 * How the shop signs the tokens of its members. Issuer, audience and algorithms are pinned: no token chooses its own.
 */
export type MemberTokenSettings = {
  readonly issuer: string;
  readonly audience: string;
  /** JWS names, e.g. `["RS256"]`; HS* with a secret only, and nothing else with one. */
  readonly algorithms: readonly string[];
} & (
  | { readonly secret: string }
  | { readonly jwksUrl: string }
  /** PEM, `BEGIN PUBLIC KEY`. */
  | { readonly publicKey: string }
);

/** The keys that members' tokens are checked with. */
export interface MemberKeys {
  readonly find: JWTVerifyGetKey;
  /** One object for as long as the keys are the same; nothing while they have to be read first, or again. */
  readonly edition: () => object | undefined;
}

/** Refuses settings with which anyone could sign. */
export function memberKeys(settings: MemberTokenSettings): MemberKeys {
  const symmetric = "secret" in settings;
  if (settings.algorithms.length === 0) throw new SetupError("name the algorithms that members' tokens may use");
  for (const name of settings.algorithms) {
    // A public key taken for an HMAC secret would let anyone sign.
    if (!/^(HS|RS|PS|ES)(256|384|512)$|^EdDSA$/.test(name) || name.startsWith("HS") !== symmetric) {
      throw new SetupError(`members' tokens cannot use ${name} with ${symmetric ? "a secret" : "a public key"}`);
    }
  }
  if ("jwksUrl" in settings) return publishedKeys(settings.jwksUrl);
  if ("secret" in settings) {
    const secret = new TextEncoder().encode(settings.secret);
    if (secret.length < 32) throw new SetupError("the secret of members' tokens needs 32 bytes or more");
    return unchanging((alg) => importSecret(secret, alg));
  }
  const { publicKey } = settings;
  return unchanging((alg) => importSPKI(publicKey, alg));
}

/** The shop's key set: read at first use, ten minutes later, and when a token names a key that is not in it. */
function publishedKeys(url: string): MemberKeys {
  const cache: JWKSCacheInput = {};
  const keys = createRemoteJWKSet(new URL(url), { [customFetch]: fetchKeys, [jwksCache]: cache });
  let seen: { readonly set: object; readonly text: string; readonly edition: object } | undefined;
  return {
    find: keys,
    edition: () => {
      const { jwks } = cache as { readonly jwks?: object }; // replaced in the very turn in which `keys` goes by it
      if (!keys.fresh || !jwks) return undefined;
      if (seen?.set === jwks) return seen.edition;
      const text = JSON.stringify(jwks);
      seen = { set: jwks, text, edition: seen?.text === text ? seen.edition : {} };
      return seen.edition;
    },
  };
}

/** What the shop's keys say with null they do not say. */
const fetchKeys: FetchImplementation = async (url, options) => {
  const answer = await fetch(url, options);
  return answer.ok ? Response.json(withoutNulls(await answer.json())) : answer;
};

/** A key is imported once, not for every token. */
function unchanging(importKey: (alg: string) => Promise<CryptoKey>): MemberKeys {
  const imported = new Map<string, Promise<CryptoKey>>();
  const edition = {};
  return {
    find: ({ alg = "" }) => {
      const key = imported.get(alg) ?? importKey(alg);
      imported.set(alg, key);
      return key;
    },
    edition: () => edition,
  };
}

/** `alg` is HS256, HS384 or HS512: others were refused before. */
function importSecret(secret: Uint8Array<ArrayBuffer>, alg: string): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: `SHA-${alg.slice(2)}` };
  return crypto.subtle.importKey("raw", secret, algorithm, false, ["verify"]);
}
