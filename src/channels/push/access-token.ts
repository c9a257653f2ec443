import { importPKCS8, SignJWT } from "jose";
import { z } from "zod";
import type { SenderWorld } from "../channel.ts";
import { settingReason } from "../failure-reason.ts";
import { type Answer, post } from "../http.ts";

export interface TokenSource {
  readonly email: string;
  readonly privateKey: string;
  readonly keyId: string | undefined;
  readonly url: string;
  readonly timeoutMs: number;
  readonly world: SenderWorld;
}

export type AccessToken =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "none"; readonly afterSeconds?: number; readonly reason: string };

export interface AccessTokens {
  /** A token that is good for another minute at least; fetched once for all who wait. Never throws. */
  get(): Promise<AccessToken>;
  /** Forgets this token, which FCM did not take. */
  drop(token: string): void;
}

/** Access tokens for a Google service account: a signed JWT against a token of about an hour (RFC 7523). */
export function accessTokens(source: TokenSource): AccessTokens {
  const { timers } = source.world;
  let kept: { readonly token: string; readonly until: number } | undefined;
  let fetching: Promise<AccessToken> | undefined;
  const renew = async (): Promise<AccessToken> => {
    const answer = await fetched(source);
    if (answer.kind === "none") return answer;
    kept = { token: answer.token, until: timers.now() + (answer.seconds - 60) * 1_000 };
    return { kind: "token", token: answer.token };
  };
  return {
    async get() {
      if (kept && timers.now() < kept.until) return { kind: "token", token: kept.token };
      fetching ??= renew().finally(() => {
        fetching = undefined;
      });
      return await fetching;
    },
    drop(token) {
      if (kept?.token === token) kept = undefined;
    },
  };
}

const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const scope = "https://www.googleapis.com/auth/firebase.messaging";
const Granted = z.object({ access_token: z.string().min(1), expires_in: z.number().default(3_600) });

type Fetched =
  | { readonly kind: "token"; readonly token: string; readonly seconds: number }
  | Extract<AccessToken, { kind: "none" }>;

async function fetched(source: TokenSource): Promise<Fetched> {
  const assertion = await signed(source).catch(() => undefined);
  if (!assertion) return unfit("the key cannot be read");
  const answer = await post({
    url: source.url,
    headers: {},
    body: new URLSearchParams({ grant_type: grantType, assertion }),
    signal: AbortSignal.timeout(source.timeoutMs),
    clock: source.world.clock,
  });
  const granted = Granted.safeParse(answer.kind === "answered" && answer.status === 200 ? answer.body : undefined);
  return granted.success
    ? { kind: "token", token: granted.data.access_token, seconds: granted.data.expires_in }
    : refused(answer);
}

async function signed({ email, privateKey, keyId, url }: TokenSource): Promise<string> {
  const key = await importPKCS8(privateKey, "RS256");
  return await new SignJWT({ scope })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(email)
    .setAudience(url)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(key);
}

function refused(answer: Answer): Fetched {
  if (answer.kind !== "answered") return { kind: "none", reason: "Google's token endpoint did not answer" };
  const { status, retryAfter } = answer;
  if (status >= 400 && status < 500 && status !== 429 && status !== 408) return unfit(status);
  return { kind: "none", afterSeconds: retryAfter ?? 5, reason: `Google's token endpoint is out of order (${status})` };
}

function unfit(why: string | number): Fetched {
  return { kind: "none", afterSeconds: 300, reason: settingReason("Google", "push.serviceAccount", why) };
}
