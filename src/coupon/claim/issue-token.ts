import { describeActor } from "../../actor.ts";
import type { Context } from "../../context.ts";
import { claimToken } from "./claim-token.ts";

/**
 * The name of one gift of the shop. Keys of one caller are no other's, nor a member's; of a person they are those of a
 * token, whatever the person is called, in one shop.
 */
export function issueToken({ actor }: Pick<Context, "actor">, key: string): string {
  if (actor.kind !== "operator") return issueTokenByName({ actor }, key);
  return tokenOf(`operator/${JSON.stringify([actor.id, actor.shop, key])}`);
}

/** The same as it was while no name could change. */
export function issueTokenByName({ actor }: Pick<Context, "actor">, key: string): string {
  return tokenOf(`${describeActor(actor)}/${"id" in actor ? actor.id : ""}/${key}`);
}

function tokenOf(text: string): string {
  return `i${claimToken(0, text).slice(1)}`;
}
