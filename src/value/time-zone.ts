import { lineOf } from "./plain-text.ts";
import { attempt, remembering } from "./remembered.ts";
import { type Reader, schemaOf, unfit } from "./value.ts";

/** Reads the IANA name of a time zone, written as the tz database writes it. An offset is none: it knows no summer. */
export const readTimeZone: Reader = remembering((text) => {
  const name = lineOf(text);
  const zone = /^[a-z]/i.test(name) && name.length <= 60 ? attempt(() => canonicalOf(name)) : undefined;
  return zone ?? unfit("is no time zone: take an IANA name like Europe/Berlin");
});

export const timeZone = () => schemaOf(readTimeZone, "Europe/Berlin");

function canonicalOf(name: string): string {
  return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
}
