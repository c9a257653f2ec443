import { z } from "zod";
import { readEmail } from "./value/email-address.ts";
import { readWhole } from "./value/number.ts";
import { readPhone } from "./value/phone.ts";
import { canonicalOr, isUnfit, schemaOf, unfit } from "./value/value.ts";

// How values of the environment are read from their text.

export const flag = z.stringbool("must be yes or no (true or false, 1 or 0)");
/** A whole number from `least` to `most`. */
export const whole = (least: number, most: number) => schemaOf(readWhole, "3").pipe(z.int().min(least).max(most));
export const url = z.url().transform((value) => value.replace(/\/+$/, ""));
/** Whether nobody on the way can read or change what is said there: https, or this very machine. */
export function isPrivateUrl(text: string): boolean {
  const { protocol, hostname } = URL.parse(text) ?? { protocol: "", hostname: "" };
  return protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
/**
 * `a@b.example`, or a name before it in angle brackets; a name with signs that mail keeps for itself stands in quotes.
 */
export const mailbox = schemaOf((text) => {
  const [, name, named] = /^("[^"\\\p{Cc}]*"|[^"\\<>()[\],;:@\p{Cc}]*) *<([^<>]*)>$/u.exec(text.trim()) ?? [];
  const address = readEmail(named ?? text);
  if (isUnfit(address))
    return unfit("is no e-mail address, nor `Name <address>`: write it like Shop <news@shop.example>");
  return named === undefined ? address : `${name} <${address}>`.trim();
});
/** What Twilio sends from: a number in E.164 or a short code, a messaging service, or a sender's name. */
export const smsSender = z
  .string()
  .transform((text) => (/^\s*(\+|00)/.test(text) ? canonicalOr(readPhone, text) : text.trim()))
  .pipe(
    z
      .string()
      .regex(
        /^(\+[1-9]\d{6,14}|\d{5,6}|MG[0-9a-f]{32}|(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11})$/,
        "a number such as +15005550006, the sid of a messaging service (MG…), " +
          "or a sender's name of at most 11 letters and digits",
      ),
  );

/** A list, separated by commas. */
export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
}
