import { type ChannelName, factsOf } from "../../channels/catalog.ts";
import { ruleOf } from "../../channels/provider-template.ts";
import { fitsAsItIs } from "../../channels/rendered.ts";
import type { Context } from "../../context.ts";
import type { PlainOutputs } from "./plain-outputs.ts";
import { isStray, type Templates } from "./rendition.ts";
import type { TemplateScope } from "./template.ts";

/** What such messages say of: none of it is asked of what a campaign offers. */
export type PlainScope = Pick<TemplateScope, "campaign" | "shop"> & { readonly member: object };

/**
 * The parts of one message; nothing where a value or what comes of it is not plain, so that {@link renderParts} has to
 * clean it, or to say what is wrong.
 */
export type PlainMessage = (scope: PlainScope) => Readonly<Record<string, string>> | undefined;

/**
 * A message of which every part says words and plain values alone, as most do: what is the same for all its readers is
 * looked at once, here. It says what {@link renderParts} makes of the same templates, to the letter, or nothing. None
 * where a part does anything else, or where the channel adds to what is said or measures it as a whole.
 */
export function plainMessage(
  ctx: Context,
  channel: ChannelName,
  templates: ReturnType<Templates>,
): PlainMessage | undefined {
  const { parts: known, payloadBytes } = factsOf(channel);
  const lacks = Object.entries(known).some(([part, { required }]) => required && !Object.hasOwn(templates, part));
  if (lacks || payloadBytes !== undefined) return undefined;
  const made: { readonly part: string; readonly say: PlainPart }[] = [];
  for (const [part, { plain }] of Object.entries(templates)) {
    const say = plain && plainPart(ctx, channel, part, plain);
    if (!say) return undefined;
    made.push({ part, say });
  }
  return (scope) => {
    const parts: Record<string, string> = {};
    for (const { part, say } of made) {
      const text = say(scope);
      if (text === undefined) return undefined;
      parts[part] = text;
    }
    return parts;
  };
}

type PlainPart = (scope: PlainScope) => string | undefined;

const plainly = new Set(["member", "campaign", "shop"]);

function plainPart(
  ctx: Context,
  channel: ChannelName,
  part: string,
  { places, say }: PlainOutputs,
): PlainPart | undefined {
  const rule = ruleOf(channel, part);
  if (!rule || rule.signed || rule.blanks !== undefined) return undefined;
  if (!places.every(({ of }) => plainly.has(of))) return undefined;
  const good = (scope: object) => {
    const said = say(scope, rule.rendered);
    const text = said === undefined ? undefined : fitsAsItIs(rule, said);
    return text && rule.url && isStray(ctx, text) ? undefined : text;
  };
  if (places.length > 0) return good;
  const always = good({});
  return always === undefined ? undefined : () => always;
}
