import { lineOf } from "./plain-text.ts";
import { type Reader, schemaOf, unfit } from "./value.ts";

const example = "write it with its country, e.g. +49 151 12345678";

/** Calling codes of two digits behind which a number does not begin with 0, as the trunk prefix of some does. */
const zeroOrNone = "2[07]|3[0-49]|4[013]|4[5-9]|5[1-3]|56|58|60|6[2-6]|84|9[0-5]";
/**
 * Numbers in E.164 that are surely dialled so, as they do not begin with their country's trunk prefix. The library is
 * asked about all others; it takes as long as all else of a row.
 */
export const plain = new RegExp(
  `^\\+(?:1[02-9]|7[0-79]|86(?:1[3-689]|17[0-8])|(?:44|61)[2-9]|(?:${zeroOrNone})[1-9])\\d{4,12}$`,
);

/**
 * Reads a phone number with its country, in any of the ways in which people write one, into E.164. A trunk zero, in
 * brackets or not, is left out where the country has one and kept where it belongs to the number (Italy).
 */
export const readPhone: Reader = (text) => {
  if (plain.test(text) && text.length >= 8 && text.length <= 16) return text;
  const typed = formed(text);
  if (!/^\+[\d\s().-]+$/.test(typed)) return unfit(`is no phone number: ${example}`);
  const number = typed.includes("(0)") ? withoutZero(typed) : dialled(typed);
  return number ?? unfit(`is no phone number of any country: ${example}`);
};

export const phoneNumber = () => schemaOf(readPhone, "+4915112345678");

/** Part of a number, to be searched for. */
export function phonePart(text: string): string {
  return formed(text).replace(/\(0\)|[\s().-]/g, "");
}

/** Wide digits are ours; slashes and all kinds of hyphens are one; 00 is what + stands for. */
function formed(text: string): string {
  return lineOf(text)
    .normalize("NFKC")
    .replace(/^tel:/i, "")
    .replace(/[\p{Pd}\u2212/\u2022\u00B7]/gu, "-")
    .replace(/^00\s*/, "+");
}

/** By the numbering plans of all countries, which are only loaded once a number needs them: most are {@link plain}. */
function parsed(typed: string) {
  const { parsePhoneNumberFromString }: typeof import("libphonenumber-js/min") = require("libphonenumber-js/min");
  return parsePhoneNumberFromString(typed);
}

/** `+49 (0) 151`: the zero is dialled inside the country only, unless no number of the country is without it. */
function withoutZero(typed: string): string | undefined {
  const bare = typed.replace("(0)", " ");
  return parsed(bare)?.isValid() ? dialled(bare) : (dialled(typed) ?? dialled(bare));
}

/** The number as it is dialled from abroad. */
function dialled(typed: string): string | undefined {
  const digits = `+${typed.replace(/\D/g, "")}`;
  const number = parsed(digits)?.number;
  if (number === undefined || !/^\+[1-9]\d{6,14}$/.test(number)) return undefined;
  return number === digits ? number : dialled(number);
}
