import type { World } from "../world/world.ts";

/** A verb about a distribution, and when it was asked and answered (elapsed ms). */
export interface Step {
  readonly id: string;
  readonly verb: string;
  readonly asked: number;
  /** Undefined: nobody knows whether it was done, or when. */
  ended?: number;
  /** What was answered: where it stands, and how many coupons it has given. */
  told?: { readonly state: string; readonly issued: number };
}

export const steps = (): Step[] => [];

/** An upload that was acknowledged. */
export interface Uploaded {
  readonly id: string;
  /** The sheet's name. */
  readonly file: string;
}

export const uploaded = (): Uploaded[] => [];

/** What the shop said of a member when a distribution had ended: so it stays. */
export interface Said {
  readonly id: string;
  readonly externalId: string;
  readonly summary: string;
  readonly row: number | null;
}

export const saidOfRows = (): Said[] => [];

/** Distributions of more coupons need a second person, as the shop's settings say. */
export const withoutSecondPerson = 30;

/** Who waits for the next sheet to be sent, or the next verb about a distribution to be said. */
export const nextStep = (): (() => void)[] => [];

/** Tells them that it begins. */
export function begins(world: World): void {
  for (const hear of world.known(nextStep).splice(0)) hear();
}
