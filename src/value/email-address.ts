import { domainToASCII } from "node:url";
import { lineOf } from "./plain-text.ts";
import { type Reader, schemaOf, unfit } from "./value.ts";

const example = "write it like kim@shop.example";
/** An atom of RFC 5321 with the letters of RFC 6531; dots stand between atoms. */
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-\\u{80}-\\u{10FFFF}]+";
const dotted = new RegExp(`^${atom}(?:\\.${atom})*$`, "u");
const quoted = /^"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*"$/u;
/** What nearly all addresses are like, for which the rest need not be asked. */
const usual = /^[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads an e-mail address as RFC 5321 and 6531 have it, the domain in ASCII (`xn--…`), all in lower case: no provider
 * of note tells `Kim@` from `kim@`. A domain has a dot: `localhost` and addresses in brackets are no one's mailbox.
 */
export const readEmail: Reader = (text) => {
  const whole = lineOf(text).toLowerCase();
  const at = whole.lastIndexOf("@");
  if (usual.test(whole) && at <= 64 && whole.length <= 254 && !whole.includes("xn--")) return whole;
  if (at < 0) return unfit(`is no e-mail address, it has no @: ${example}`);
  const local = plainLocal(whole.slice(0, at));
  const domain = domainOf(whole.slice(at + 1));
  if (local === undefined) return unfit(`is no e-mail address, what is before its @ cannot be: ${example}`);
  if (domain === undefined) return unfit(`is no e-mail address, there can be no domain like it: ${example}`);
  if (!domain.includes(".")) return unfit(`is no e-mail address, its domain has no dot: ${example}`);
  if (Buffer.byteLength(local) > 64) return unfit("is no e-mail address, it has more than 64 bytes before its @");
  const address = `${local}@${domain}`;
  return Buffer.byteLength(address) > 254 ? unfit("is no e-mail address, it has more than 254 bytes") : address;
};

export const emailAddress = () => schemaOf(readEmail, "kim@shop.example");

/** Part of an address, to be searched for; what follows its @ is a domain's beginning. */
export function emailPart(text: string): string {
  const whole = lineOf(text).toLowerCase();
  const at = whole.lastIndexOf("@");
  const domain = whole.slice(at + 1);
  if (at < 0 && !domain.includes(".")) return whole;
  return `${whole.slice(0, at + 1)}${isHostText(domain) ? domainToASCII(domain) || domain : domain}`;
}

/** What stands before the @; quotes that are not needed are none, as RFC 5321 asks. */
function plainLocal(local: string): string | undefined {
  if (dotted.test(local)) return local;
  if (!quoted.test(local)) return undefined;
  const inner = local.slice(1, -1).replace(/\\(.)/gu, "$1");
  return dotted.test(inner) ? inner : `"${inner.replace(/["\\]/g, "\\$&")}"`;
}

function domainOf(text: string): string | undefined {
  if (!isHostText(text)) return undefined;
  const labels = toAscii(text).split(".");
  const isNumber = /^\d+$/.test(labels.at(-1) ?? "");
  const domain = labels.join(".");
  return labels.every((each) => label.test(each)) && !isNumber && domain.length <= 253 ? domain : undefined;
}

function toAscii(domain: string): string {
  return /^[a-wyz0-9.-]+$/.test(domain) ? domain : domainToASCII(domain);
}

/** Only what a name can have: of other signs a parser of URLs makes ports, paths and numbers. */
function isHostText(text: string): boolean {
  return /^[\p{L}\p{M}\p{N}\-.\u3002\uFF0E\uFF61\u00B7]+$/u.test(text);
}
