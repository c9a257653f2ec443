import { type ChannelName, channelNames, factsOf } from "../../channels/catalog.ts";
import { ruleOf, rulesFor, templateFaults } from "../../channels/provider-template.ts";
import type { Context } from "../../context.ts";
import type { Issue } from "../../errors.ts";
import type { Content } from "./content.ts";
import { giveWay, readerBudget } from "./render-budget.ts";
import { renderParts } from "./rendition.ts";
import { compileTemplate } from "./template.ts";
import { templateIssues } from "./template-issues.ts";
import { commonVariables, exampleScope, type Variables, wayOutVariables } from "./variables.ts";

type Parts = Readonly<Record<string, string>>;

/**
 * Everything wrong with a content for these channels: missing or unknown parts, lengths, faults inside templates with
 * line and column, and what comes of them with the examples of the variables, as the channel's provider would see it.
 * `known` are the variables that the templates may use.
 */
export async function contentIssues(
  ctx: Context,
  content: Content,
  wanted: readonly ChannelName[],
  known: Variables = commonVariables,
): Promise<Issue[]> {
  const issues = wanted
    .filter((channel) => !content[channel]?.default)
    .map((channel) => ({
      path: `content.${channel}.default`,
      message: `the campaign uses ${channel} and has no content for it`,
    }));
  for (const channel of channelNames) {
    const variables = factsOf(channel).unsubscribe ? { ...known, ...wayOutVariables } : known;
    for (const [locale, parts] of Object.entries(content[channel] ?? {})) {
      const written = await partIssues(ctx, channel, parts, variables);
      const found = written.length > 0 ? written : await sampleIssues(ctx, { channel, locale, parts, variables });
      issues.push(...found.map(({ path, message }) => ({ path: `content.${channel}.${locale}.${path}`, message })));
    }
  }
  return issues;
}

async function partIssues(ctx: Context, channel: ChannelName, parts: Parts, variables: Variables): Promise<Issue[]> {
  const issues: Issue[] = templateFaults(channel, parts).map(({ part, message }) => ({ path: part, message }));
  if (issues.length > 0) return issues;
  for (const [name, rule] of rulesFor(channel, parts)) {
    if (rule.required && !parts[name]?.trim()) issues.push({ path: name, message: "this part is required" });
  }
  for (const [name, source] of Object.entries(parts)) {
    await giveWay(ctx);
    const rule = ruleOf(channel, name);
    if (!rule) issues.push({ path: name, message: `${channel} has no such part; it has ${partNames(channel)}` });
    else if (source.length > rule.max) issues.push({ path: name, message: `longer than ${rule.max} characters` });
    else issues.push(...templateIssues(source, variables).map((fault) => ({ ...fault, path: `${name}${fault.path}` })));
  }
  return issues;
}

function partNames(channel: ChannelName): string {
  return Object.keys(factsOf(channel).parts).join(", ");
}

interface Sample {
  readonly channel: ChannelName;
  readonly locale: string;
  readonly parts: Parts;
  readonly variables: Variables;
}

/** What is wrong with the message of somebody whose values are the examples. */
async function sampleIssues(ctx: Context, { channel, locale, parts, variables }: Sample): Promise<Issue[]> {
  const html = (name: string) => ruleOf(channel, name)?.html ?? false;
  const compiled = Object.entries(parts).map(([name, source]) => [name, compileTemplate(source, html(name))] as const);
  const templates = Object.fromEntries(compiled);
  const scope = exampleScope(variables);
  const to = { locale, phone: null, transactional: false };
  const { faults } = await renderParts(ctx, templates, { channel, scope, budget: readerBudget(), to });
  return faults
    .filter(({ part, isOfValues }) => !isOfValues || !/\{[{%]/.test(parts[part] ?? ""))
    .map(({ part, place, message }) => ({ path: `${part}${place}`, message }));
}
