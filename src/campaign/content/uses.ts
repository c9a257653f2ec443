import type { Liquid, Template } from "liquidjs";

/**
 * What of a reader a text is made of, besides the language and the zone: so that what is equal for two readings makes
 * equal texts.
 */
export interface Uses {
  /** Fields of `member`, `attributes` perhaps among them. */
  readonly member: readonly string[];
  /** Whether it tells of what is offered: of that something may be the reader's own. */
  readonly offer: boolean;
}

/** Filters that print what day it is, where a value says so, pick by chance, or read what a text of theirs names. */
const untold = /\|[^\w"']*(?:date|sample|\w+_exp)/;
/** A name that a value says: `[k].email` may be the member's, and the analysis has it as one of `k`. */
const named = /\[(?!\s*(?:["']|\d+\s*\]))/;

/**
 * What a parsed template uses, whichever way it goes; undefined where it may say something else the next time, or where
 * that cannot be told: it uses a filter of these, all of `member`, or what a value names.
 */
export function usesOf(engine: Liquid, template: Template[], source: string): Uses | undefined {
  if (untold.test(source) || named.test(source)) return undefined;
  // Whatever bears such a name counts, for a name that is assigned may be read before, or instead.
  const { variables } = engine.analyzeSync(template, { partials: false });
  const fields = (variables.member ?? []).map(({ segments }) => segments[1]);
  if (!fields.every((field) => typeof field === "string")) return undefined;
  return { member: [...new Set(fields)].sort(), offer: Boolean(variables.coupon ?? variables.promotion) };
}

/** The same of several together. */
export function usesOfAll(all: readonly (Uses | undefined)[]): Uses | undefined {
  const known = all.filter((uses) => uses !== undefined);
  if (known.length < all.length) return undefined;
  const member = [...new Set(known.flatMap((uses) => uses.member))].sort();
  return { member, offer: known.some(({ offer }) => offer) };
}
