import type { InputRef } from "@pothos/core";
import { z } from "zod";
import type { AudienceTerm } from "../../audience/term.ts";
import { globalId, rowOf } from "../../ids.ts";
import { builder, type Types } from "./builder.ts";
import type { ChannelEnum } from "./channel.ts";
import { faultAt } from "./ids.ts";

type Fields = PothosSchemaTypes.InputFieldBuilder<Types, "InputObject">;
type Named =
  | "ID"
  | "Int"
  | "BigInt"
  | "Float"
  | "String"
  | "Boolean"
  | "DateTime"
  | "JSON"
  | typeof ChannelEnum
  | InputRef<unknown>;

/** A type of GraphQL, and what its values are in a stored filter: as they are unless it says how. */
export interface Input {
  readonly type: Named | readonly [Named];
  /** What is stored for a value that stands at a place of the input. */
  readonly read?: (value: unknown, place: string) => unknown;
  /** The value that would be stored so. */
  readonly show?: (stored: unknown) => unknown;
}

/** A field of an input of GraphQL. */
export interface Field extends Input {
  readonly description: string;
  readonly required?: boolean;
}

/** Inputs that have a name of their own, each made once. */
export type NamedInputs = Map<string, Input>;

type Shape = z.core.JSONSchema.BaseSchema;
interface Naming {
  readonly named: NamedInputs;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** The name of an object that has none of its own. */
  readonly title: string;
}

/** The fields of an input object. */
export function fieldsOf(t: Fields, inputs: ReadonlyMap<string, Field>) {
  const fields = [...inputs].map(([name, { type, description, required = false }]) => {
    const of: Named | [Named] = typeof type === "object" && "0" in type ? [type[0]] : type;
    return [name, t.field({ type: of, description, required })] as const;
  });
  return Object.fromEntries(fields);
}

/** The input of a term, by its schema. */
export function inputOfTerm({ name, schema }: AudienceTerm, named: NamedInputs): Input {
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
  if (typeof shape.idOf === "string") return idInput(shape.idOf);
  switch (shape.type) {
    case "object":
      return objectInput(shape, naming);
    case "array":
      return listInput(shape, naming);
    case "integer":
      return isInt32(shape) ? { type: "Int" } : { type: "BigInt", read: Number };
    case "number":
      return { type: "Float" };
    case "boolean":
      return { type: "Boolean" };
    case "string":
      return shape.format === "date-time" ? { type: "DateTime", read: rfc3339 } : { type: "String" };
    default:
      return { type: "JSON" };
  }
}

/** What names a row is stored as its number, and is a global id for everyone outside. */
function idInput(type: string): Input {
  return {
    type: "ID",
    read: (id, place) => {
      const row = rowOf(type, String(id));
      if (row === undefined) throw faultAt(place, `is not the id of a ${type}`);
      return row;
    },
    show: (row) => globalId(type, Number(row)),
  };
}

/** `template`, where it names a row, is `templateId`. */
function outerName(name: string, part: Shape): string {
  return "idOf" in part ? `${name}Id` : name;
}

interface Part extends Field {
  readonly name: string;
  readonly stored: string;
}

function objectInput(shape: Shape, naming: Naming): Input {
  const parts = Object.entries(shape.properties ?? {}).flatMap(([stored, part]): Part[] => {
    if (typeof part === "boolean") return [];
    const title = `${naming.title}${stored.charAt(0).toUpperCase()}${stored.slice(1)}`;
    const required = shape.required?.includes(stored) ?? false;
    const input = inputOf(part, { ...naming, title });
    return [{ ...input, name: outerName(stored, part), stored, description: part.description ?? stored, required }];
  });
  const description = shape.description ?? "A condition.";
  const fields = new Map(parts.map((part) => [part.name, part]));
  const type = builder.inputType(naming.title, { description, fields: (t) => fieldsOf(t, fields) });
  return {
    type,
    read: (value, place) =>
      each(value, parts, (name, part, { stored, read }) => [
        stored,
        part === null || !read ? part : read(part, `${place}.${name}`),
      ]),
    show: (value) =>
      each(
        value,
        parts.map((part) => ({ ...part, name: part.stored, stored: part.name })),
        (_, part, { stored, show }) => [stored, part === null || !show ? part : show(part)],
      ),
  };
}

function each(
  value: unknown,
  parts: readonly Part[],
  change: (name: string, value: unknown, part: Part) => [string, unknown],
): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([name, inner]) => {
    const part = parts.find((one) => one.name === name);
    return part ? change(name, inner, part) : [name, inner];
  });
  return Object.fromEntries(entries);
}

function listInput({ items }: Shape, naming: Naming): Input {
  if (typeof items !== "object" || Array.isArray(items)) throw new TypeError("a term's list has items of one kind");
  const { type, read, show } = inputOf(items, naming);
  if (typeof type === "object" && "0" in type) throw new TypeError("a term has a list of lists");
  const ofEach = (value: unknown, change: (item: unknown, i: number) => unknown) =>
    Array.isArray(value) ? value.map(change) : value;
  return {
    type: [type],
    ...(read && { read: (value, place) => ofEach(value, (item, i) => read(item, `${place}.${i}`)) }),
    ...(show && { show: (value) => ofEach(value, (item) => show(item)) }),
  };
}

function isInt32({ minimum = -Infinity, maximum = Infinity }: Shape): boolean {
  return minimum >= -(2 ** 31) && maximum < 2 ** 31;
}

function rfc3339(value: unknown): unknown {
  return typeof value === "number" ? new Date(value).toISOString() : value;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
