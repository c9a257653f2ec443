import type { Context } from "../../context.ts";
import type { Place } from "../../moment.ts";

/** Where and in what language a member reads: the member's own zone, or the shop's. */
export function placeOf(
  { settings }: Context,
  reader: { readonly locale: string; readonly time_zone: string | null },
): Place {
  return { locale: readable(reader.locale), timeZone: reader.time_zone ?? settings.shopTimeZone };
}

/** A tag that was taken before tags were checked may be none. */
function readable(locale: string): string {
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? "en";
  } catch {
    return "en";
  }
}
