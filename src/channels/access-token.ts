import { z } from "zod";
import type { Timers } from "../world.ts";
import type { SenderWorld } from "./channel.ts";
import { settingReason } from "./failure-reason.ts";
import { type Answer, post } from "./http.ts";

export type AccessToken =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "none"; readonly afterSeconds?: number; readonly reason: string };

/** A token as it was fetched, and for how long it is good. */
export type Granted =
  | { readonly kind: "token"; readonly token: string; readonly seconds: number }
  | Extract<AccessToken, { kind: "none" }>;

export interface AccessTokens {
  /** A token that is good for another minute at least; fetched once for all who wait. */
  get(): Promise<AccessToken>;
  /** Forgets this token, which the provider did not take. */
  drop(token: string): void;
}

/** Access tokens of a provider, each used until it ends. `grant` fetches one, and never throws. */
export function accessTokens(timers: Timers, grant: () => Promise<Granted>): AccessTokens {
  let kept: { readonly token: string; readonly until: number } | undefined;
  let fetching: Promise<AccessToken> | undefined;
  const renew = async (): Promise<AccessToken> => {
    const granted = await grant();
    if (granted.kind === "none") return granted;
    kept = { token: granted.token, until: timers.now() + (granted.seconds - 60) * 1_000 };
    return { kind: "token", token: granted.token };
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

/** Who grants tokens, and by which setting of ours. */
interface Grantor {
  readonly who: string;
  readonly setting: string;
}

const Grant = z.object({ access_token: z.string().min(1), expires_in: z.number().default(3_600) });

/** Asks a token endpoint of OAuth (RFC 6749, 4 and 5) for a token. Never throws. */
export async function requestGrant(
  request: Grantor & {
    readonly url: string;
    readonly form: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly world: SenderWorld;
  },
): Promise<Granted> {
  const answer = await post({
    url: request.url,
    headers: {},
    body: new URLSearchParams(request.form),
    signal: AbortSignal.timeout(request.timeoutMs),
    clock: request.world.clock,
  });
  const granted = Grant.safeParse(answer.kind === "answered" && answer.status === 200 ? answer.body : undefined);
  return granted.success
    ? { kind: "token", token: granted.data.access_token, seconds: granted.data.expires_in }
    : refused(request, answer);
}

function refused(grantor: Grantor, answer: Answer): Granted {
  const endpoint = `${grantor.who}'s token endpoint`;
  if (answer.kind !== "answered") return { kind: "none", reason: `${endpoint} did not answer` };
  const { status, retryAfter } = answer;
  if (status >= 400 && status < 500 && status !== 429 && status !== 408) return turnedDown(grantor, status);
  return { kind: "none", afterSeconds: retryAfter ?? 5, reason: `${endpoint} is out of order (${status})` };
}

/** Nothing is granted before a person mends the setting. */
export function turnedDown({ who, setting }: Grantor, why: string | number): Granted {
  return { kind: "none", afterSeconds: 300, reason: settingReason(who, setting, why) };
}
