import { type ChannelName, channelNames, factsOf, type Part } from "./catalog.ts";

/** A message that the provider keeps under a name, and what stands for its variables. */
export interface ProviderTemplate {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
}

type Parts = Readonly<Record<string, string>>;

/**
 * Where a provider keeps messages that were approved beforehand, content names one instead of writing parts. Then its
 * parts, in the content as in what is sent, are `template`, the name, and `template.city` for its variable `city`.
 */
const named = "template";
const variable = /^template\.(.*)$/s;

/** The parts that stand for a provider's template. */
export function templateParts({ name, variables }: ProviderTemplate): Parts {
  const values = Object.entries(variables).map(([key, value]) => [`${named}.${key}`, value]);
  return { [named]: name, ...Object.fromEntries(values) };
}

/** The provider's template that these parts stand for, if they are not a text of their own. */
export function templateIn(parts: Parts): ProviderTemplate | undefined {
  const { [named]: name } = parts;
  if (name === undefined) return undefined;
  const variables = Object.entries(parts).map(([part, value]) => [variable.exec(part)?.[1], value]);
  return { name, variables: Object.fromEntries(variables.filter(([key]) => key !== undefined)) };
}

/** What holds for a part on a channel; nothing where the channel has no such part. */
export function ruleOf(channel: ChannelName, part: string): Part | undefined {
  const { parts, templates } = factsOf(channel);
  if (Object.hasOwn(parts, part)) return parts[part];
  if (part === named) return templates && nameRule;
  return variable.test(part) ? templates?.value : undefined;
}

/** The parts that a message has or must have, with what holds for each: of a template of the provider, its own. */
export function rulesFor(channel: ChannelName, parts: Parts): [part: string, rule: Part][] {
  if (!templateIn(parts)) return Object.entries(factsOf(channel).parts);
  return Object.keys(parts).flatMap((part) => {
    const rule = ruleOf(channel, part);
    return rule ? [[part, rule]] : [];
  });
}

const nameRule: Part = { max: 200, required: true, rendered: 200, takes: 200, line: true };

/** What is wrong with how content names a template of the provider, where it means one. */
export function templateFaults(
  channel: ChannelName,
  parts: Parts,
): { readonly part: string; readonly message: string }[] {
  const template = templateIn(parts);
  const given = Object.keys(parts).filter((part) => part === named || variable.test(part));
  const [first] = given;
  if (first === undefined) return [];
  const { templates, parts: own } = factsOf(channel);
  if (!templates) return [{ part: first, message: `${channel} has no templates of its provider; ${others()}` }];
  if (!template) return [{ part: first, message: "it is a variable of the provider's template; name that, too" }];
  const faults = Object.keys(parts)
    .filter((part) => Object.hasOwn(own, part))
    .map((part) => ({ part, message: "the provider's template is sent instead; give one of the two" }));
  if (!templates.name.test(template.name)) faults.push({ part: named, message: `write ${templates.called}` });
  const keys = Object.keys(template.variables);
  if (keys.length > templates.variables)
    faults.push({ part: named, message: `it has more than ${templates.variables} variables` });
  const odd = keys.filter((key) => !templates.variable.test(key));
  return [...faults, ...odd.map((key) => ({ part: `${named}.${key}`, message: "no variable is called so" }))];
}

function others(): string {
  return `these have some: ${channelNames.filter((name) => factsOf(name).templates).join(", ")}`;
}
