import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { claimToken } from "./claim-token.ts";

/** The name of one gift of the shop. Keys of one caller are no other's, nor a member's. */
export function issueToken({ actor }: Pick<Context, "actor">, key: string): string {
  return `i${claimToken(0, `${describeActor(actor)}/${"id" in actor ? actor.id : ""}/${key}`).slice(1)}`;
}
