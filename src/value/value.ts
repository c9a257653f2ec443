import { z } from "zod";

/** Why something is not what it should be, and what to do. It goes on after what was given: `"…" is no …: …`. */
export interface Unfit {
  readonly unfit: string;
}

/** Reads one kind of value: its canonical form, which it reads as itself, or why it is none. */
export type Reader<T = string> = (text: string) => T | Unfit;

export function unfit(why: string): Unfit {
  return { unfit: why };
}

export function isUnfit<T>(read: T | Unfit): read is Unfit {
  return typeof read === "object" && read !== null && "unfit" in read;
}

/**
 * The schema of a kind: what is taken comes out in its canonical form, and a fault quotes what was given. Filters,
 * inputs and files that are checked by one schema therefore mean the same by the same words. `example` is one.
 */
export function schemaOf<T>(read: Reader<T>, example = "x") {
  return z
    .string()
    .meta({ examples: [example] })
    .transform((text, context): T => {
      const value = read(text);
      if (!isUnfit(value)) return value;
      context.issues.push({ code: "custom", message: value.unfit, params: { given: text }, input: text });
      return z.NEVER;
    });
}

/** The canonical form where the value has one, else the value as it is: for look-ups, which then find nothing. */
export function canonicalOr(read: Reader, text: string): string {
  const value = read(text);
  return isUnfit(value) ? text : value;
}
