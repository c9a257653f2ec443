import { type ChannelName, factsOf } from "../../channels/catalog.ts";
import { chineseText } from "../../channels/chinese-text.ts";
import { ruleOf } from "../../channels/provider-template.ts";
import { cleanPart, partFaults } from "../../channels/rendered.ts";
import type { Context } from "../../context.ts";
import { campaignSettings } from "../settings.ts";
import { type Content, partsFor, scriptOf } from "./content.ts";
import { type Budget, isSpent, nextMessage } from "./render-budget.ts";
import { type Compiled, compileTemplate, type TemplateScope } from "./template.ts";
import { templateFault } from "./template-fault.ts";

export type Templates = (locale: string) => Readonly<Record<string, Compiled>>;

/** The parsed templates of a channel, each locale parsed once. */
export function templatesOf(content: Content, channel: ChannelName): Templates {
  const parsed = new Map<Readonly<Record<string, string>>, Readonly<Record<string, Compiled>>>();
  const served = new Map<string, Readonly<Record<string, Compiled>>>();
  return (locale) => {
    const asBefore = served.get(locale);
    if (asBefore) return asBefore;
    const compiled = ofParts(partsFor(content, channel, locale));
    if (served.size >= mostLocales) served.clear();
    served.set(locale, compiled);
    return compiled;
  };
  function ofParts(parts: Readonly<Record<string, string>>) {
    const known = parsed.get(parts);
    if (known) return known;
    const compiled = Object.fromEntries(
      Object.entries(parts).map(([name, source]) => [
        name,
        compileTemplate(source, ruleOf(channel, name)?.html ?? false),
      ]),
    );
    parsed.set(parts, compiled);
    return compiled;
  }
}

/** Members' languages of which it is remembered which of a content's serves them: looking it up takes a while. */
const mostLocales = 100;

/** Why a message cannot be made: its template fails, takes too much, or makes what nobody may be sent. */
export type RenderReason = "TEMPLATE" | "TEMPLATE_TOO_HEAVY" | "UNSENDABLE";

export interface RenderFault {
  readonly reason: RenderReason;
  readonly part: string;
  /** `:line:column` in the part's template, or nothing. */
  readonly place: string;
  readonly message: string;
  /** Perhaps only of this member's values: with another's it may be right. */
  readonly isOfValues: boolean;
}

/** A message as it was rendered, and what is wrong with it. */
export interface Rendition {
  readonly parts: Readonly<Record<string, string>>;
  readonly faults: readonly RenderFault[];
}

/** What one message is made with. */
interface Rendering {
  readonly channel: ChannelName;
  readonly scope: TemplateScope;
  readonly budget: Budget;
  readonly to: Addressee;
}

/** Whom a message goes to, as far as custom differs from place to place. */
export interface Addressee {
  readonly locale: string;
  /** E.164; null where there is none, or where nobody in particular is meant. */
  readonly phone: string | null;
  /** Whether it tells what had to be told rather than what is on offer. */
  readonly transactional: boolean;
}

/**
 * Renders the parts of one message, as they are shown, measured and sent. Nothing of it may be sent or shown where
 * there are faults.
 */
export async function renderParts(
  ctx: Context,
  templates: Readonly<Record<string, Compiled>>,
  { channel, scope, budget, to }: Rendering,
): Promise<Rendition> {
  nextMessage(budget);
  const parts: Record<string, string> = {};
  for (const [part, template] of Object.entries(templates)) {
    const { rendered: most = 0, signed } = ruleOf(channel, part) ?? {};
    try {
      const text = await template.render(scope, { ctx, budget, most, now: ctx.clock() });
      const clean = cleanPart(channel, part, text);
      parts[part] = signed ? chineseText(clean, customOf(ctx, to)) : clean;
    } catch (error) {
      const reason = isSpent(budget) ? "TEMPLATE_TOO_HEAVY" : "TEMPLATE";
      return { parts, faults: [{ reason, part, ...templateFault(error), isOfValues: false }] };
    }
  }
  return { parts, faults: [...unsendable(channel, parts), ...strayLinks(ctx, channel, parts)] };
}

function customOf(ctx: Context, { locale, phone, transactional }: Addressee) {
  const { smsSignature: signature = ctx.settings.shopName } = campaignSettings.of(ctx);
  return { signature, phone, isReadInChinese: scriptOf(locale) === "Hans", transactional };
}

function unsendable(channel: ChannelName, parts: Rendition["parts"]): RenderFault[] {
  return partFaults(channel, parts).map(({ part, message, isEmpty = false }) => ({
    reason: "UNSENDABLE",
    part,
    place: "",
    message,
    isOfValues: isEmpty,
  }));
}

/** Links that an app would open and must not. */
function strayLinks(ctx: Context, channel: ChannelName, parts: Rendition["parts"]): RenderFault[] {
  return Object.entries(factsOf(channel).parts).flatMap(([part, { url = false }]) => {
    const address = parts[part] ?? "";
    if (!url || address === "" || !isStray(ctx, address)) return [];
    const message = `it is no link that may be opened; such begin with ${linkSchemes(ctx).join(":, ")}:`;
    return [{ reason: "UNSENDABLE", part, place: "", message, isOfValues: schemeOf(address) === undefined }];
  });
}

/** Whether a link is of a scheme that an app must not open, or of none. */
export function isStray(ctx: Context, address: string): boolean {
  const scheme = schemeOf(address);
  return !scheme || !linkSchemes(ctx).includes(scheme);
}

function schemeOf(address: string): string | undefined {
  return URL.parse(address)?.protocol.slice(0, -1);
}

function linkSchemes(ctx: Context): readonly string[] {
  return ["http", "https", ...campaignSettings.of(ctx).appLinkSchemes];
}
