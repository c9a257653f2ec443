import { z } from "zod";
import { type ChannelName, channelNames } from "../../channels/catalog.ts";

/**
 * A campaign's content: channel → locale → the channel's parts, each a Liquid template. The locale `default` serves all
 * others.
 */
export const Content = z.partialRecord(
  z.enum(channelNames),
  z.record(
    z.string().regex(/^(default|[a-z]{2,3}(-[A-Za-z0-9]{2,8})*)$/, "is no language tag: write it like en or de-AT"),
    z.record(z.string(), z.string()),
  ),
);
export type Content = z.infer<typeof Content>;

/**
 * Which locale of a content serves a member's, as BCP 47 looks languages up (RFC 4647, 3.4): the tag itself, then ever
 * less of it, then `default`; none where there is no content. Before its language alone comes the language in the
 * member's script: whoever reads Chinese in Taiwan is served `zh-Hant` rather than `zh`.
 */
export function localeFor(content: Content, channel: ChannelName, locale: string): string | undefined {
  const there = new Map(Object.keys(content[channel] ?? {}).map((name) => [canonical(name), name]));
  return [...rangesOf(locale), "default"].map((range) => there.get(range)).find((name) => name !== undefined);
}

function rangesOf(locale: string): string[] {
  const parts = canonical(locale).split("-");
  const ranges = parts.map((_, i) => parts.slice(0, parts.length - i)).filter((range) => range.at(-1)?.length !== 1);
  const names = ranges.map((range) => range.join("-"));
  const language = names.pop() ?? "";
  const script = scriptOf(locale);
  return [...names, ...(script ? [`${language}-${script}`] : []), language];
}

function canonical(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? tag;
  } catch {
    return tag;
  }
}

/** The script in which a language is written, e.g. `Hans`; none where the tag says none and nothing is known. */
export function scriptOf(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag).maximize().script;
  } catch {
    return undefined;
  }
}

/** The parts that serve a member's locale. */
export function partsFor(content: Content, channel: ChannelName, locale: string): Readonly<Record<string, string>> {
  return content[channel]?.[localeFor(content, channel, locale) ?? ""] ?? {};
}
