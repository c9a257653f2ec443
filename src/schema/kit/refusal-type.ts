import type { FieldMap, ObjectRef } from "@pothos/core";
import type { Refusal } from "../../errors.ts";
import { builder, type Types } from "./builder.ts";
import { type EnumValues, lateEnum } from "./late.ts";

interface Declared {
  readonly type: ObjectRef<Types, Refusal>;
  readonly description: string;
}

const byCode = new Map<string, Declared>();

export const RefusalCode = lateEnum<string>(
  "RefusalCode",
  "Why something was not done, for programs; each has a type of its own.",
  codes,
);

export const RefusalInterface = builder.interfaceRef<Refusal>("Refusal").implement({
  description: "An expected no: nothing was changed, and the message says what to do next.",
  authScopes: { public: true },
  fields: (t) => ({
    refusal: t.expose("code", { type: RefusalCode, description: "Why, for programs." }),
    message: t.exposeString("message", { description: "For people: what was wrong and what to do next." }),
  }),
  resolveType: (refusal) => typeNameOf(refusal),
});

type Fields<R extends Refusal> = PothosSchemaTypes.ObjectFieldBuilder<Types, R>;

/** How the API shows the refusals of one code. */
export interface RefusalShape<R extends Refusal> {
  readonly code: R["code"];
  /** When it is given; of the code and of the type. */
  readonly description: string;
  /** What it tells besides; no name of a field that a result has with another type. */
  readonly fields?: (t: Fields<R>) => FieldMap;
}

/** Declares the object type of the refusals that a maker makes. Mutations name them by their codes. */
export function refusalType<R extends Refusal>(
  name: string,
  _maker: (...args: never) => R,
  { code, description, fields }: RefusalShape<R>,
): void {
  if (byCode.has(code)) throw new Error(`two types are declared for the refusals of ${code}`);
  const ref = builder.objectRef<R>(name);
  const type: ObjectRef<Types, Refusal> = ref;
  builder.objectType(type, { description, interfaces: [RefusalInterface], authScopes: { public: true } });
  if (fields) builder.objectFields(ref, fields);
  byCode.set(code, { type, description });
}

/** The object type of a code's refusals. */
export function typeOfCode(code: string): ObjectRef<Types, Refusal> {
  const declared = byCode.get(code);
  if (!declared) throw new Error(`no type is declared for the refusals of ${code}`);
  return declared.type;
}

/** The name of a refusal's object type. */
export function typeNameOf({ code }: Refusal): string {
  return typeOfCode(code).name;
}

function codes(): EnumValues {
  return Object.fromEntries([...byCode].map(([code, { description }]) => [code, { value: code, description }]));
}
