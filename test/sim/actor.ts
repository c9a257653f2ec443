import type { Chance } from "./kernel/chance.ts";
import type { World } from "./world/world.ts";

/** Something that somebody may do, by the shop's own interfaces alone. */
export interface Deed {
  /** How often, beside all other deeds. */
  readonly weight: number;
  /** Does it, and keeps in what is `known` what it was answered. */
  do(world: World, chance: Chance): Promise<void>;
}

/** Somebody who wants something of the shop. */
export interface Actor {
  readonly name: string;
  /** What there must be before anything happens. */
  found?(world: World, chance: Chance): Promise<void>;
  /** Sets right what only a person can, once all faults are over: replays what is dead, resumes what was held. */
  amend?(world: World): Promise<void>;
  readonly deeds: Readonly<Record<string, Deed>>;
}

/** Something that goes wrong. */
export interface Fault {
  readonly name: string;
  /** How often, beside all other faults. */
  readonly weight: number;
  happen(world: World, chance: Chance): void | Promise<void>;
}

/** Something that must hold. Each answers what does not, a sentence each. */
export interface Checker {
  readonly name: string;
  /** Holds whenever the process is up and between two of its turns. */
  always?(world: World): Promise<readonly string[]>;
  /** Holds once all faults are over and what was begun had the time to end. */
  atEnd?(world: World): Promise<readonly string[]>;
}
