import type { InputRef } from "@pothos/core";
import { z } from "zod";
import { type Audience, everyone } from "../../audience/audience.ts";
import type { AudienceTerm } from "../../audience/term.ts";
import type { Context } from "../../context.ts";
import { builder, type Types } from "./builder.ts";
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

let inputs: ReadonlyMap<string, InputField> = new Map();

whenBuilt((domains) => {
  const named = new Map<string, Input>([["Channel", { type: ChannelEnum, read: (value) => value }]]);
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

/** The filter of an input as JSON that can be stored and parsed. */
export function toFilter(input: AudienceInput): unknown {
  return filterOf(input);
}

/**
 * The audience that a query's argument asks for; everyone when there is none. A faulty filter is an error with its
 * issues.
 */
export function audienceOf(ctx: Context, input: AudienceInput | null | undefined, place: string): Audience {
  return input ? unwrap(ctx.audience.parse(toFilter(input), [place])) : everyone;
}

function filterOf(input: unknown): unknown {
  if (!isRecord(input)) return input;
  const entries = Object.entries(input).map(([key, value]) => {
    if (key === "not") return [key, filterOf(value)];
    if (Array.isArray(value)) return [key, value.map((part) => filterOf(part))];
    return [key, inputs.get(key)?.read(value)];
  });
  return Object.fromEntries(entries);
}

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;
type Named =
  | "Int"
  | "BigInt"
  | "Float"
  | "String"
  | "Boolean"
  | "DateTime"
  | "JSON"
  | typeof ChannelEnum
  | InputRef<unknown>;

/** A type of GraphQL, and what its values are in a filter. */
interface Input {
  readonly type: Named | readonly [Named];
  readonly read: (value: unknown) => unknown;
}
interface InputField extends Input {
  readonly description: string;
  readonly required?: boolean;
}

function fieldsOf(t: Fields, inputs: ReadonlyMap<string, InputField>) {
  const fields = [...inputs].map(([name, { type, description, required = false }]) => {
    const of: Named | [Named] = typeof type === "object" && "0" in type ? [type[0]] : type;
    return [name, t.field({ type: of, description, required })] as const;
  });
  return Object.fromEntries(fields);
}

type Shape = z.core.JSONSchema.BaseSchema;
interface Naming {
  readonly named: Map<string, Input>;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** The name of an object that has none of its own. */
  readonly title: string;
}

function inputOfTerm({ name, schema }: AudienceTerm, named: Map<string, Input>): Input {
  const shape = z.toJSONSchema(schema, { io: "input" });
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}Condition`;
  return inputOf(shape, { named, shapes: shape.$defs ?? {}, title });
}

function inputOf(shape: Shape, naming: Naming): Input {
  const id = shape.$ref?.replace("#/$defs/", "");
  const target = id === undefined ? undefined : naming.shapes[id];
  if (id !== undefined && target) {
    const input = naming.named.get(id) ?? inputOf(target, { ...naming, title: id });
    naming.named.set(id, input);
    return input;
  }
  const asItIs = (value: unknown) => value;
  switch (shape.type) {
    case "object":
      return objectInput(shape, naming);
    case "array":
      return listInput(shape, naming);
    case "integer":
      return isInt32(shape) ? { type: "Int", read: asItIs } : { type: "BigInt", read: Number };
    case "number":
      return { type: "Float", read: asItIs };
    case "boolean":
      return { type: "Boolean", read: asItIs };
    case "string":
      return shape.format === "date-time" ? { type: "DateTime", read: rfc3339 } : { type: "String", read: asItIs };
    default:
      return { type: "JSON", read: asItIs };
  }
}

function objectInput(shape: Shape, naming: Naming): Input {
  const fields = new Map(
    Object.entries(shape.properties ?? {}).flatMap(([name, part]): [string, InputField][] => {
      if (typeof part === "boolean") return [];
      const title = `${naming.title}${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      const required = shape.required?.includes(name) ?? false;
      return [[name, { ...inputOf(part, { ...naming, title }), description: part.description ?? name, required }]];
    }),
  );
  const description = shape.description ?? "A condition.";
  const type = builder.inputType(naming.title, { description, fields: (t) => fieldsOf(t, fields) });
  const read = (value: unknown) =>
    isRecord(value)
      ? Object.fromEntries(
          Object.entries(value).map(([key, part]) => [key, part === null ? part : fields.get(key)?.read(part)]),
        )
      : value;
  return { type, read };
}

function listInput({ items }: Shape, naming: Naming): Input {
  if (typeof items !== "object" || Array.isArray(items)) throw new TypeError("a term's list has items of one kind");
  const { type, read } = inputOf(items, naming);
  if (typeof type === "object" && "0" in type) throw new TypeError("a term has a list of lists");
  return { type: [type], read: (value) => (Array.isArray(value) ? value.map(read) : value) };
}

function isInt32({ minimum = -Infinity, maximum = Infinity }: Shape): boolean {
  return minimum >= -(2 ** 31) && maximum < 2 ** 31;
}

function rfc3339(value: unknown): unknown {
  return typeof value === "number" ? new Date(value).toISOString() : value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
