import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { claimToken } from "./claim-token.ts";

type Caller = Pick<Context, "actor">;

/**
 * The name of one gift of the shop. Keys of one caller are no other's, nor a member's; those of an operator's token
 * stay the same whatever the person is called by then.
 */
export function issueToken({ actor }: Caller, key: string): string {
  return actor.kind === "operator" ? named(`operator/${actor.id}`, key) : namedToken({ actor }, key);
}

/** The same as it was made of an operator's name, when nobody could be called otherwise. */
export function namedToken({ actor }: Caller, key: string): string {
  return named(`${describeActor(actor)}/${"id" in actor ? actor.id : ""}`, key);
}

function named(caller: string, key: string): string {
  return `i${claimToken(0, `${caller}/${key}`).slice(1)}`;
}
