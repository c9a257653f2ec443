import type { World } from "../world/world.ts";

export type ExternalName = "EMAIL" | "SMS" | "PUSH";

/** A word about whether a member may be written to, and when it was asked and answered (elapsed ms). */
export interface Wish {
  readonly externalId: string;
  /** All of them, where none is named. */
  readonly channel?: string;
  /** `*`: all that have no word of their own. */
  readonly topic: string;
  readonly kind: /** The member's own word, or an operator's about it. */
    | "yes"
    | "no"
    /** A list's, without a time: it never undoes a no that was said. */
    | "listed yes"
    /** STOP: a no to every topic. START takes it back, and no more. */
    | "stop"
    | "start"
    | "erased"
    /** A bounce or a complaint: no yes undoes it. */
    | "dead address";
  readonly asked: number;
  /** Undefined: nobody answered that it was heard. */
  answered?: number;
}

export const wishes = (): Wish[] => [];

/** Whether somebody asked for a member to be forgotten: who comes by that external id later is another person. */
export function mayBeErased(world: World, externalId: string): boolean {
  return world.known(wishes).some((each) => each.kind === "erased" && each.externalId === externalId);
}

/** Says it, by `ask`, which answers whether it was heard, and keeps it. */
export async function wish(
  world: World,
  said: Omit<Wish, "asked" | "answered">,
  ask: () => Promise<boolean>,
): Promise<void> {
  const kept: Wish = { ...said, asked: world.engine.elapsed };
  world.known(wishes).push(kept);
  if (await ask()) kept.answered = world.engine.elapsed;
}

/** Whose address it is: members have their number in it. */
export function ownerOf(address: string): string {
  const found = /^m(\d+)@/.exec(address) ?? /^\+4915100(\d+)$/.exec(address) ?? /^token-(\d+)/.exec(address);
  return `x${Number(found?.[1])}`;
}
