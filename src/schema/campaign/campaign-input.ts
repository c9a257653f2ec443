import { type InputRef, PothosValidationError } from "@pothos/core";
import type { Content } from "../../campaign/content/content.ts";
import { type ChannelName, channelNames, factsOf } from "../../channels/catalog.ts";
import { templateParts } from "../../channels/provider-template.ts";
import type { AudienceChoice } from "../../member/audience-choice.ts";
import { readLanguage } from "../../value/language.ts";
import { canonicalOr } from "../../value/value.ts";
import { AudienceFilter, toFilter } from "../kit/audience-filter.ts";
import { builder } from "../kit/builder.ts";
import { toRowId } from "../kit/ids.ts";
import { SegmentType } from "../member/segment.ts";

/** Whom a campaign or a promotion is for. */
export const CampaignAudienceInput = builder.inputType("CampaignAudienceInput", {
  description:
    "Whom a campaign or a promotion is for: exactly one of these, as it selects when it is asked: when a run begins, " +
    "or when a cart is quoted.",
  isOneOf: true,
  fields: (t) => ({
    everyone: t.boolean({ description: "`true`: every member." }),
    filter: t.field({ type: AudienceFilter, description: "Members whom this filter selects." }),
    segmentId: t.globalID({ for: SegmentType, description: "Members of this segment, with the filter it has then." }),
  }),
});

/** The domain's choice of an audience. */
export function audienceChoiceOf(input: typeof CampaignAudienceInput.$inferInput): AudienceChoice {
  if (input.filter) return { filter: toFilter(input.filter, "audience.filter") };
  if (input.segmentId) return { segment: toRowId(input.segmentId.id) };
  if (input.everyone === true) return { everyone: true };
  throw new PothosValidationError("audience.everyone: true, or say whom with a filter or a segment");
}

const VariableInput = builder.inputType("ProviderTemplateVariableInput", {
  description: "What stands for a variable of a provider's template.",
  fields: (t) => ({
    name: t.string({ required: true, description: "Its name there, e.g. `1`." }),
    value: t.string({ required: true, description: "Liquid template of one line; it must not come out empty." }),
  }),
});

const ProviderTemplateInput = builder.inputType("ProviderTemplateInput", {
  description:
    "A message that the channel's provider keeps, sent by its name: its words, its signature and its way out are as " +
    "they were approved there. What is read of it are the parts `template` and `template.NAME`.",
  fields: (t) => ({
    name: t.string({
      required: true,
      description: "What the provider calls it: of SMS, the SID of the content, `HX…`.",
    }),
    variables: t.field({ type: [VariableInput], description: "Its variables; a later one replaces an earlier." }),
  }),
});

/** One channel's parts as they are given: part → template, or the provider's template. */
type PartTexts = Readonly<Record<string, string | typeof ProviderTemplateInput.$inferInput | null | undefined>>;

const ContentParts: InputRef<Readonly<Record<string, PartTexts | null | undefined>>> = builder
  .inputRef<Readonly<Record<string, PartTexts | null | undefined>>>("ContentParts")
  .implement({
    description:
      "The parts of a message on one channel: exactly one of these. Every part is a Liquid template; " +
      "`contentVariables` tells what it may say.",
    isOneOf: true,
    fields: (t) =>
      Object.fromEntries(
        channelNames.map((name) => [
          fieldOf(name),
          t.field({ type: partsInput(name), description: factsOf(name).description }),
        ]),
      ),
  });

/** A message on one channel in one language. */
export const ContentInput = builder.inputType("ContentInput", {
  description: "A message on one channel in one language.",
  fields: (t) => ({
    locale: t.string({
      defaultValue: "default",
      description:
        "Language tag such as `de` or `de-AT`; `default` serves all members whose language has no content of its own.",
    }),
    parts: t.field({ type: ContentParts, required: true, description: "The channel and its parts." }),
  }),
});

/**
 * The domain's content: channel → locale → parts. A later item replaces an earlier one of the same channel and locale.
 */
export function contentOf(list: readonly (typeof ContentInput.$inferInput)[]): Content {
  const content: Content = {};
  for (const { locale, parts } of list) {
    for (const channel of channelNames) {
      const texts = parts[fieldOf(channel)];
      if (texts)
        content[channel] = { ...content[channel], [canonicalOr(readLanguage, locale ?? "default")]: present(texts) };
    }
  }
  return content;
}

function present(parts: PartTexts): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parts).flatMap(([name, given]) => {
      if (given === null || given === undefined) return [];
      return typeof given === "string" ? [[name, given]] : Object.entries(templateOf(given));
    }),
  );
}

function templateOf({ name, variables }: typeof ProviderTemplateInput.$inferInput): Readonly<Record<string, string>> {
  return templateParts({
    name,
    variables: Object.fromEntries((variables ?? []).map((each) => [each.name, each.value])),
  });
}

/** `IN_APP` → `inApp`. */
function fieldOf(channel: ChannelName): string {
  return channel.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function partsInput(channel: ChannelName): InputRef<PartTexts> {
  const field = fieldOf(channel);
  const { parts, templates, description } = factsOf(channel);
  return builder.inputRef<PartTexts>(`${field.charAt(0).toUpperCase()}${field.slice(1)}PartTexts`).implement({
    description,
    fields: (t) => ({
      ...Object.fromEntries(
        Object.entries(parts).map(([name, { max, required, html }]) => [
          name,
          t.string({
            required: required && !templates,
            description: `Liquid template${html ? " of HTML, its output escaped" : ""}, at most ${max} characters.`,
          }),
        ]),
      ),
      ...(templates && {
        template: t.field({
          type: ProviderTemplateInput,
          description: "A message of the provider's, instead of parts.",
        }),
      }),
    }),
  });
}
