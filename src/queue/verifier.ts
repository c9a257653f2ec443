import { Receiver } from "@upstash/qstash";
import { z } from "zod";
import { withoutNulls } from "../foreign-json.ts";
import type { World } from "../world.ts";

/** The keys that the queue signs with: the one in use, and the one that comes into use when they are rotated. */
export interface SigningKeys {
  readonly current: string;
  readonly next: string;
}

export interface Signed {
  readonly signature: string;
  readonly body: string;
  /** The address that it must have been signed for, exactly. */
  readonly url: string;
}

/** Says whether deliveries are from our queue. */
export interface Verifier {
  holds(signed: Signed): Promise<boolean>;
  /** What it verifies with now. */
  keys(): SigningKeys;
}

/** Clocks of the queue and ours may differ by this much, in seconds. */
export const clockTolerance = 10;
/** The queue is asked for its keys no more often than this: anyone may send bad signatures. */
const refreshEveryMs = 30_000;
const timeoutMs = 5_000;

/**
 * Verifies with the keys that were configured. When they do not hold, the queue is asked for those it has now, so that
 * keys may be rotated any number of times while Fanfare runs.
 */
export function createVerifier(
  configured: SigningKeys,
  queue: { url: string; token: string },
  { timers }: Pick<World, "timers">,
): Verifier {
  let keys = configured;
  let receiver = receiverOf(keys);
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<boolean> | undefined;

  async function refresh(): Promise<boolean> {
    const fresh = await askKeys(queue);
    if (!fresh || (fresh.current === keys.current && fresh.next === keys.next)) return false;
    keys = fresh;
    receiver = receiverOf(keys);
    return true;
  }

  /** Whether there are other keys than before. Whoever comes while the queue is asked waits for the same answer. */
  function refreshOnce(): Promise<boolean> {
    if (!asking) {
      if (timers.now() - askedAt < refreshEveryMs) return Promise.resolve(false);
      askedAt = timers.now();
      asking = refresh().finally(() => {
        asking = undefined;
      });
    }
    return asking;
  }

  return {
    keys: () => keys,
    holds: async (signed) => (await verify(receiver, signed)) || ((await refreshOnce()) && verify(receiver, signed)),
  };
}

function receiverOf({ current, next }: SigningKeys): Receiver {
  return new Receiver({ currentSigningKey: current, nextSigningKey: next, devMode: false });
}

async function verify(receiver: Receiver, signed: Signed): Promise<boolean> {
  try {
    return await receiver.verify({ ...signed, clockTolerance });
  } catch {
    return false;
  }
}

const Keys = z.object({ current: z.string().min(1), next: z.string().min(1) });

/** What the queue says its keys are; nothing when it cannot be asked. */
async function askKeys({ url, token }: { url: string; token: string }): Promise<SigningKeys | undefined> {
  try {
    const answer = await fetch(`${url}/v2/keys`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    });
    return Keys.safeParse(withoutNulls(await answer.json())).data;
  } catch {
    return undefined;
  }
}
