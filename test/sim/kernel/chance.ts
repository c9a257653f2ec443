import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A seeded source of chance: the same seed gives the same answers in the same order. */
export interface Chance {
  /** In [0, 1). */
  share(): number;
  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  /** True this often, of 1. */
  happens(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** One of the keys, as often as its weight says. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key;
  /** Hexadecimal digits. */
  hex(digits: number): string;
}

/** Chance of its own for each subject: what one draws more or less of moves no other. */
export function chanceOf(seed: number, subject = ""): Chance {
  const generator = xoroshiro128plus(Number(Bun.hash.xxHash32(subject, seed >>> 0)) | 0);
  const between = (min: number, max: number) => uniformInt(generator, min, max);
  const share = () => between(0, 2 ** 32 - 1) / 2 ** 32;
  return {
    share,
    between,
    happens: (often) => share() < often,
    pick: (items) => {
      if (items.length === 0) throw new Error("nothing to pick from");
      return items[between(0, items.length - 1)] as (typeof items)[number];
    },
    weighted: (weights) => {
      const entries = Object.entries<number>(weights);
      let left = share() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [key, weight] of entries) {
        left -= weight;
        if (left < 0) return key as never;
      }
      throw new Error("nothing to weigh");
    },
    hex: (digits) => Array.from({ length: digits }, () => between(0, 15).toString(16)).join(""),
  };
}
