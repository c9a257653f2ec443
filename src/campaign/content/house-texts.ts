import { type ChannelName, factsOf } from "../../channels/catalog.ts";
import type { Language } from "../../language.ts";
import type { Content } from "./content.ts";
import { type HousePurpose, type HouseText, houseWords, type Line } from "./house-words.ts";

export type { HousePurpose } from "./house-words.ts";

/**
 * What members are told unless the shop says it in its own words: the house's texts on these channels, in Chinese and,
 * for everyone else, in English. They are made of variables alone: whatever is frozen of an offer is said in the
 * reader's language, money and zone, and no text of an operator's becomes a template.
 */
export function houseContent(purpose: HousePurpose, channels: readonly ChannelName[]): Content {
  const say = (channel: ChannelName, language: Language) => partsOf(channel, language, houseWords[language][purpose]);
  return Object.fromEntries(
    channels.map((channel) => [channel, { default: say(channel, "en"), zh: say(channel, "zh") }]),
  );
}

function partsOf(channel: ChannelName, language: Language, { title, lines, link }: HouseText): Record<string, string> {
  const { colon, space, hello } = houseWords[language];
  const known = factsOf(channel).parts;
  const hi: Line = { when: "member.name", say: hello };
  const onward: Line = { when: link.to, say: `${link.label}${colon}{{ ${link.to} }}` };
  const parts: Readonly<Record<string, () => string>> = {
    title: () => title,
    subject: () => title,
    url: () => `{{ ${link.to} }}`,
    body: () => lines.map((line, i) => put(line, i === 0 ? "" : "\n")).join(""),
    // A text message is one paragraph; the plain part of an e-mail is a letter.
    text: () =>
      "subject" in known
        ? [hi, ...lines, onward].map((line) => put(line, "", "\n")).join("")
        : [`${title}${colon}`, ...lines, onward]
            .map((line, i, all) => put(line, between(all[i - 1], space, i)))
            .join(""),
    html: () => page(title, [hi, ...lines], link),
  };
  return Object.fromEntries(Object.keys(known).map((part) => [part, sourceOf(parts, part)]));
}

function sourceOf(parts: Readonly<Record<string, () => string>>, part: string): string {
  const source = parts[part];
  if (!source) throw new Error(`say what the part ${part} is in the house's texts`);
  return source();
}

/** What parts a line of one paragraph from the one before it: a blank, where that is quoted. */
function between(before: Line | undefined, space: string, i: number): string {
  if (i < 2) return "";
  if (typeof before !== "object" || !before.isQuoted) return space;
  return `{% if ${before.when} != blank %} {% else %}${space}{% endif %}`;
}

/** A line between what stands around it, which is left out with it. */
function put(line: Line, before: string, after = ""): string {
  if (typeof line === "string") return `${before}${line}${after}`;
  return `{% if ${line.when} != blank %}${before}${line.say}${after}{% endif %}`;
}

function page(title: string, lines: readonly Line[], { to, label }: HouseText["link"]): string {
  const begin = (line: Line) =>
    typeof line === "object" && line.isQuoted ? `<p style="white-space: pre-line">` : "<p>";
  const paragraphs = lines.map((line) => put(line, begin(line), "</p>\n")).join("");
  const onward = put({ when: to, say: `<a href="{{ ${to} }}">${label}</a>` }, "<p>", "</p>\n");
  return `<h1>${title}</h1>\n${paragraphs}${onward}`;
}
