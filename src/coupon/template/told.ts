import type { Context } from "../../context.ts";
import { perApp } from "../../memory.ts";

/**
 * What is told of a template, made once for each language and clock in which it is asked for: `what` names all that it
 * depends on besides the template. It is kept with the very object that was read, which nobody changes: whoever reads
 * the template anew, as members do after a second, has it told anew, and the old words go with the old object.
 */
export function toldOnce<Told>(ctx: Context, template: object, what: string, tell: () => Told): Told {
  const all = perApp(ctx, "coupon.told", () => new WeakMap<object, Map<string, unknown>>());
  const known = all.get(template) ?? new Map<string, unknown>();
  all.set(template, known);
  if (known.has(what)) return known.get(what) as Told; // `what` is told in one way alone
  const told = tell();
  known.set(what, told);
  return told;
}
