import {
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
  SignJWT,
  UnsecuredJWT,
} from "jose";
import { SetupError } from "../errors.ts";
import { withoutNulls } from "../foreign-json.ts";
import type { Memory } from "../memory.ts";
import { type MemberTokenSettings, memberKeys } from "./member-keys.ts";
import { clockTolerance, verifiedTokens } from "./verified-tokens.ts";

export type { MemberTokenSettings } from "./member-keys.ts";

/** Why credentials were not accepted, in words for whoever sent them. */
export interface CredentialFault {
  readonly code:
    | "TOKEN_MALFORMED"
    | "TOKEN_UNKNOWN"
    | "TOKEN_EXPIRED"
    | "TOKEN_NOT_YET_VALID"
    | "BAD_SIGNATURE"
    | "ALGORITHM_NOT_ALLOWED"
    | "UNKNOWN_KEY"
    | "WRONG_ISSUER"
    | "WRONG_AUDIENCE"
    | "CLAIM_MISSING"
    | "MEMBER_UNKNOWN"
    | "MEMBERS_NOT_CONFIGURED"
    | "KEYS_UNAVAILABLE";
  readonly message: string;
}

export type MemberTokenVerdict = { readonly externalId: string } | { readonly fault: CredentialFault };

/** Checks members' tokens. */
export interface MemberTokenVerifier {
  /** What {@link verify} would say of a token that it has found sound already; nothing for others. Asks nobody. */
  recall(token: string): string | undefined;
  verify(token: string): Promise<MemberTokenVerdict>;
}

interface VerifierPlace {
  readonly clock: () => number;
  readonly memory: Memory;
}

/** Makes the verifier; `sub` is the shop's own id of the member. Refuses unsafe settings when it is made. */
export function memberTokenVerifier(settings: MemberTokenSettings, place: VerifierPlace): MemberTokenVerifier {
  const keys = memberKeys(settings);
  const { issuer, audience } = settings;
  const { clock } = place;
  const known = verifiedTokens(place, keys, clock);
  return {
    recall: known.recall,
    async verify(token) {
      try {
        const claims = {
          issuer,
          audience,
          requiredClaims: ["exp", "sub"],
          clockTolerance,
          currentDate: new Date(clock()),
        };
        const edition = keys.edition();
        const payload = await verified(token, keys.find, { ...claims, algorithms: [...settings.algorithms] });
        if (!payload.sub) return fault("CLAIM_MISSING", "the token's sub is empty");
        known.keep(token, payload, edition);
        return { externalId: payload.sub };
      } catch (error) {
        return faultOf(error, settings);
      }
    },
  };
}

/** The claims of a token. One that is null counts as absent: whether those that are left suffice is asked again. */
async function verified(token: string, keys: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    // Claims are looked at after the signature, so what the error brings along was signed.
    if (!(error instanceof errors.JWTClaimValidationFailed) || error.payload[error.claim] !== null) throw error;
    const claims = withoutNulls(error.payload) as JWTPayload;
    return UnsecuredJWT.decode(new UnsecuredJWT(claims).encode(), options).payload;
  }
}

/**
 * Signs a token for a member, as the shop would; for local runs, where the secret is ours. It lives from `now` (ms) for
 * `ttlSeconds`.
 */
export async function mintMemberToken(
  settings: MemberTokenSettings,
  externalId: string,
  ttlSeconds: number,
  now: number,
): Promise<string> {
  if (!("secret" in settings)) throw new SetupError("members' tokens are signed by the shop; only it can make one");
  const seconds = Math.floor(now / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: settings.algorithms[0] ?? "HS256" })
    .setSubject(externalId)
    .setIssuer(settings.issuer)
    .setAudience(settings.audience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + ttlSeconds)
    .sign(new TextEncoder().encode(settings.secret));
}

function faultOf(error: unknown, { issuer, audience, algorithms }: MemberTokenSettings): MemberTokenVerdict {
  if (error instanceof errors.JWTExpired) return fault("TOKEN_EXPIRED", "the token has expired; get a new one");
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "aud") return fault("WRONG_AUDIENCE", `the token is for another audience than ${audience}`);
    if (error.claim === "iss") return fault("WRONG_ISSUER", `the token is from another issuer than ${issuer}`);
    if (error.claim === "nbf") return fault("TOKEN_NOT_YET_VALID", "the token is not valid yet (nbf)");
    return fault("CLAIM_MISSING", `the token's claim ${error.claim} is missing or unfit`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return fault("BAD_SIGNATURE", "the token's signature does not fit: it was not signed by the shop, or was changed");
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return fault("ALGORITHM_NOT_ALLOWED", `the token's algorithm is not one of ${algorithms.join(", ")}`);
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return fault("UNKNOWN_KEY", "the token's key id (kid) is not among the shop's published keys");
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return fault("TOKEN_MALFORMED", "this is not a signed JWT");
  }
  if (error instanceof errors.JOSENotSupported) return fault("TOKEN_MALFORMED", "the token asks for what no token may");
  return fault("KEYS_UNAVAILABLE", "the shop's keys cannot be read just now; try again shortly");
}

function fault(code: CredentialFault["code"], message: string): { fault: CredentialFault } {
  return { fault: { code, message } };
}
