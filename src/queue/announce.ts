import type { World } from "../world.ts";
import type { Queue } from "./qstash.ts";

/** How often it is said, and how long that counts: a stall of a few seconds is no death. */
const everyMs = 2_000;
const countsForSeconds = 15;
const timeoutMs = 2_000;

export interface Announced {
  /** Takes itself out of the line, so that nothing more is sent here. */
  stop(): Promise<void>;
}

/**
 * Tells a broker of ours that runs in a process of its own, for as long as this process lives, that what is for the
 * installation is taken at `receiver`, an origin. A broker that is away or starts anew hears it as soon as it is there.
 */
export function announce({ settings }: Queue, receiver: string, { timers }: Pick<World, "timers">): Announced {
  const { origin } = new URL(settings.jobsUrl);
  let said = Promise.resolve();
  const tell = async (method: "POST" | "DELETE") => {
    await fetch(`${settings.url}/v2/receivers`, {
      method,
      headers: { authorization: `Bearer ${settings.token}` },
      body: JSON.stringify({ origin, receiver, seconds: countsForSeconds }),
      signal: AbortSignal.timeout(timeoutMs),
    }).catch(() => {}); // whether the queue is there, others find out and tell
  };
  // One after the other, so that the last word is the last that is heard.
  const say = (method: "POST" | "DELETE") => {
    said = said.then(() => tell(method));
    return said;
  };
  const timer = timers.every(everyMs, () => void say("POST"));
  void say("POST");
  return {
    stop: async () => {
      timer.stop();
      await say("DELETE");
    },
  };
}
