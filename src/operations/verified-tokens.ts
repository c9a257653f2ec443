import type { JWTPayload } from "jose";
import { type Memory, perApp } from "../memory.ts";
import type { MemberKeys } from "./member-keys.ts";

/** Tokens that were found sound, so that each is checked once and not with every request that brings it. */
export interface VerifiedTokens {
  /** The `sub` of a token that was verified before and would be now. */
  recall(token: string): string | undefined;
  /** Keeps what a token says that was verified by the keys of this edition, if these are the keys still. */
  keep(token: string, payload: JWTPayload, edition: object | undefined): void;
}

/** How far the shop's clock and ours may differ, in seconds. */
export const clockTolerance = 5;

interface Verified {
  readonly sub: string;
  readonly exp: number;
  readonly nbf: number | undefined;
  readonly edition: object;
}

/** Some 200 bytes each. */
const rememberAtMost = 50_000;
/** No member's id is longer. */
const longestSub = 500;

/**
 * A token that was verified is known again by its SHA-256: the token itself is not kept, and nothing that is kept could
 * be sent in its place. It is judged anew by the clock each time, as the verifier judges it (`exp`, `nbf`, the same
 * tolerance), and is forgotten as soon as the keys differ from those it was verified by: another edition, another
 * verifier, or a set that has to be read again, as the verifier would. What was refused is never kept. Whether its
 * member is still there is not said here.
 */
export function verifiedTokens(place: { readonly memory: Memory }, keys: MemberKeys, clock: () => number) {
  const known = perApp(place, "operations.verifiedTokens", () => new Map<string, Verified>());
  const isNow = ({ exp, nbf }: Verified) => {
    const seconds = Math.floor(clock() / 1000);
    return exp > seconds - clockTolerance && (nbf === undefined || nbf <= seconds + clockTolerance);
  };
  return {
    recall(token) {
      const edition = keys.edition();
      if (edition === undefined) return undefined;
      const hash = hashOf(token);
      const verified = known.get(hash);
      if (verified === undefined) return undefined;
      if (verified.edition === edition && isNow(verified)) return verified.sub;
      known.delete(hash);
      return undefined;
    },
    keep(token, { sub, exp, nbf }, edition) {
      if (sub === undefined || sub.length > longestSub || exp === undefined) return;
      // Keys that changed meanwhile may not be those that verified it.
      if (edition === undefined || edition !== keys.edition()) return;
      for (const oldest of known.keys().take(Math.max(0, known.size + 1 - rememberAtMost))) known.delete(oldest);
      known.set(hashOf(token), { sub, exp, nbf, edition });
    },
  } satisfies VerifiedTokens;
}

function hashOf(token: string): string {
  return Bun.CryptoHasher.hash("sha256", token, "base64");
}
