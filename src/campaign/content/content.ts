import { z } from "zod";
import { type ChannelName, channelNames, factsOf } from "../../channels/catalog.ts";
import type { Issue } from "../../errors.ts";
import { templateVariables, type Variables } from "./template.ts";
import { templateIssues } from "./template-issues.ts";

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
 * Which locale of a content serves a member's: the exact one, else its language, else `default`; none where there is no
 * content.
 */
export function localeFor(content: Content, channel: ChannelName, locale: string): string | undefined {
  const there = content[channel] ?? {};
  return [locale, locale.split("-")[0] ?? "", "default"].find((candidate) => Object.hasOwn(there, candidate));
}

/** The parts that serve a member's locale. */
export function partsFor(content: Content, channel: ChannelName, locale: string): Readonly<Record<string, string>> {
  return content[channel]?.[localeFor(content, channel, locale) ?? ""] ?? {};
}

/**
 * Everything wrong with a content for these channels: missing or unknown parts, lengths, and faults inside templates
 * with line and column. `known` are the variables that the templates may use.
 */
export function contentIssues(
  content: Content,
  wanted: readonly ChannelName[],
  known: Variables = templateVariables,
): Issue[] {
  const missing = wanted
    .filter((channel) => !content[channel]?.default)
    .map((channel) => ({
      path: `content.${channel}.default`,
      message: `the campaign uses ${channel} and has no content for it`,
    }));
  const faults = channelNames.flatMap((channel) =>
    Object.entries(content[channel] ?? {}).flatMap(([locale, parts]) =>
      partIssues(channel, parts, known).map((issue) => ({
        ...issue,
        path: `content.${channel}.${locale}.${issue.path}`,
      })),
    ),
  );
  return [...missing, ...faults];
}

function partIssues(channel: ChannelName, parts: Readonly<Record<string, string>>, variables: Variables): Issue[] {
  const known = factsOf(channel).parts;
  const issues: Issue[] = [];
  for (const [name, rule] of Object.entries(known)) {
    if (rule.required && !parts[name]?.trim()) issues.push({ path: name, message: "this part is required" });
  }
  for (const [name, source] of Object.entries(parts)) {
    const rule = known[name];
    if (!rule)
      issues.push({ path: name, message: `${channel} has no such part; it has ${Object.keys(known).join(", ")}` });
    else if (source.length > rule.max) issues.push({ path: name, message: `longer than ${rule.max} characters` });
    else issues.push(...templateIssues(source, variables).map((fault) => ({ ...fault, path: `${name}${fault.path}` })));
  }
  return issues;
}
