import type { InputRef } from "@pothos/core";
import { type Audience, everyone } from "../../audience/audience.ts";
import type { Context } from "../../context.ts";
import { type Field, fieldsOf, inputOfTerm, isRecord, type NamedInputs } from "./audience-input.ts";
import { builder } from "./builder.ts";
import { ChannelEnum } from "./channel.ts";
import { whenBuilt } from "./late.ts";
import { unwrap } from "./unwrap.ts";

/** A filter as GraphQL reads it: one key, its argument checked by its type, scalars in their inner form. */
export type AudienceInput = Readonly<Record<string, unknown>>;

/** Whom something is for, as GraphQL reads it; made of every domain's terms when the schema is built. */
export const AudienceFilter: InputRef<AudienceInput> & ReturnType<typeof filterRef> = filterRef();

function filterRef() {
  return builder.inputRef<AudienceInput>("AudienceFilter");
}

let inputs: ReadonlyMap<string, Field> = new Map();

whenBuilt((domains) => {
  const named: NamedInputs = new Map([["Channel", { type: ChannelEnum }]]);
  const terms = domains.flatMap(({ terms = [] }) => terms);
  inputs = new Map(terms.map((term) => [term.name, { ...inputOfTerm(term, named), description: term.description }]));
  AudienceFilter.implement({
    description: "Whom something is for: exactly one key. Every filter is true or false of every member.",
    isOneOf: true,
    fields: (t) => ({
      and: t.field({
        type: [AudienceFilter],
        description: "All of these, at least one; at most 8 levels and 200 conditions in all.",
      }),
      or: t.field({ type: [AudienceFilter], description: "Any of these, at least one." }),
      not: t.field({ type: AudienceFilter, description: "Everyone whom this does not match." }),
      ...fieldsOf(t, inputs),
    }),
  });
});

/** The filter at a place of an input as JSON that can be stored and parsed: what it names are row numbers there. */
export function toFilter(input: AudienceInput, place: string): unknown {
  return eachTerm(input, place, (value, at, field) => (field.read ? field.read(value, at) : value));
}

/** A stored filter as an input would say it again. */
export function fromFilter(filter: unknown): unknown {
  return eachTerm(filter, "", (value, _at, field) => (field.show ? field.show(value) : value));
}

/** The audience that an argument asks for; everyone when there is none. A faulty filter is an error with its issues. */
export function audienceOf(ctx: Context, input: AudienceInput | null | undefined, place: string): Audience {
  return input ? unwrap(ctx.audience.parse(toFilter(input, place), [place])) : everyone;
}

function eachTerm(filter: unknown, place: string, change: (value: unknown, at: string, field: Field) => unknown) {
  const walk = (part: unknown, at: string): unknown => {
    if (!isRecord(part)) return part;
    const entries = Object.entries(part).map(([key, value]) => {
      const below = `${at}.${key}`;
      if (key === "not") return [key, walk(value, below)];
      if (Array.isArray(value)) return [key, value.map((each, i) => walk(each, `${below}.${i}`))];
      const field = inputs.get(key);
      return [key, field ? change(value, below, field) : value];
    });
    return Object.fromEntries(entries);
  };
  return walk(filter, place);
}
