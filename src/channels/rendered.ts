import { type ChannelName, factsOf, type Part } from "./catalog.ts";
import { ruleOf, rulesFor } from "./provider-template.ts";

/** Rendered parts of a message, by the names in the catalog. */
export type Parts = Readonly<Record<string, string>>;

/** What a provider would refuse in a rendered message. */
export interface PartFault {
  readonly part: string;
  readonly message: string;
  /** Nothing is said where something must be: another member's message may say more. */
  readonly isEmpty?: true;
}

/** Control characters, and what ends a line. */
const controls = /[\p{Cc}\u2028\u2029]+/gu;
const controlsInText = /[^\P{Cc}\t\n\r]/gu;
const anyControl = new RegExp(controls.source, "u");
const anyControlInText = new RegExp(controlsInText.source, "u");

/** Text for a header, a subject, a title or a sender's name: one line, whatever a member is called. */
export function oneLine(text: string): string {
  return text.replace(controls, " ").trim();
}

/** A rendered part as it may go out: in one line where the part is one, and without control characters. */
export function cleanPart(channel: ChannelName, part: string, text: string): string {
  const { line, blanks } = ruleOf(channel, part) ?? {};
  const clean = line ? oneLine(text) : text.replace(controlsInText, "");
  return blanks === undefined ? clean : clean.replace(/ +/g, (run) => run.slice(0, blanks));
}

/**
 * What {@link cleanPart} makes of a text in which it finds nothing to clean away and {@link partFaults} finds no fault,
 * told in one look; undefined for any other, and where blanks are counted.
 */
export function fitsAsItIs({ line, blanks, required, takes }: Part, text: string): string | undefined {
  if (blanks !== undefined || (line ? anyControl : anyControlInText).test(text)) return undefined;
  const clean = line ? text.trim() : text;
  if (takes !== undefined && clean.length > takes) return undefined;
  return required && !clean.trim() ? undefined : clean;
}

/** The place of the longest `run:member` that a payload may carry. */
const longestRef = "0".repeat(31);

/** Everything that a channel's provider would refuse a message for; content, previews and the sandbox ask it. */
export function partFaults(channel: ChannelName, parts: Parts, ref = longestRef): PartFault[] {
  const facts = factsOf(channel);
  const faults: PartFault[] = [];
  for (const [part, { required, takes = Number.POSITIVE_INFINITY, line }] of rulesFor(channel, parts)) {
    const text = parts[part] ?? "";
    if (required && !text.trim()) faults.push({ part, message: "it says nothing", isEmpty: true });
    if (text.length > takes)
      faults.push({ part, message: `it is ${text.length} characters long; ${takes} are possible` });
    if (line && text.search(controls) >= 0) faults.push({ part, message: "it has more than one line" });
  }
  const bytes = facts.payloadBytes === undefined ? 0 : Buffer.byteLength(JSON.stringify(payloadOf(ref, parts)));
  if (facts.payloadBytes !== undefined && bytes > facts.payloadBytes)
    faults.push({ part: "body", message: `the message is ${bytes} bytes long; ${facts.payloadBytes} are possible` });
  return faults;
}

/** What a push notification carries, and is measured by. */
export function payloadOf(ref: string, { title = "", body = "", url }: Parts) {
  return { notification: { title, body }, data: url ? { ref, url } : { ref } };
}
