import { type Actor, describeActor } from "../../actor.ts";
import type { SignInOf } from "../../operations/sign-in.ts";
import type { StreamSeat } from "../../web/streams.ts";

export interface Watcher {
  readonly request: Request;
  readonly actor: Actor;
  readonly address: string;
  readonly signIn: SignInOf;
}

/** A caller as streams know it: one member or token, or all at an address who bring none. */
export function seatOf({ request, actor, address, signIn }: Watcher): Omit<StreamSeat, "end"> {
  const caller = actor.kind === "anonymous" ? address : `${actor.kind} ${"id" in actor ? actor.id : ""}`;
  return {
    caller,
    async check() {
      const again = await signIn(request);
      if ("fault" in again) {
        const { code, message } = again.fault;
        // That the shop's keys cannot be read just now says nothing of this caller.
        return code === "KEYS_UNAVAILABLE" ? undefined : { code, message: `The stream ends: ${message}.` };
      }
      if (Bun.deepEquals(again.actor, actor)) return undefined;
      const message = `The stream ends: you are ${describeActor(again.actor)} now, with other rights; ask again.`;
      return { code: "CREDENTIALS_CHANGED", message };
    },
  };
}
