import type { InputRef } from "@pothos/core";
import { z } from "zod";
import { discountKinds } from "../../discount/kind/index.ts";
import { describeDiscount } from "../../discount/terms.ts";
import { builder } from "../kit/builder.ts";
import { maybeMoney } from "../kit/money.ts";
import { toldField } from "./told.ts";

export const DiscountKindEnum = builder.enumType("DiscountKind", {
  description: "How a coupon takes something off.",
  values: Object.fromEntries(
    discountKinds.map(({ kind, description }) => [kind, { value: kind, description }] as const),
  ),
});

type Scalar = "BigInt" | "Int" | "Boolean";

/** One parameter of a kind, as its schema says. */
interface Param {
  readonly name: string;
  readonly type: Scalar;
  readonly required: boolean;
  readonly description: string;
}

function paramsOf(schema: z.ZodType): Param[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(properties).map(([name, shape]) => {
    if (typeof shape === "boolean") throw new TypeError(`the parameter ${name} of a discount has no type`);
    const { type, maximum = 2 ** 31, description = name } = shape;
    if (type !== "boolean" && type !== "integer") throw new TypeError(`the parameter ${name} is no whole number`);
    const number = maximum < 2 ** 31 ? "Int" : "BigInt";
    return { name, type: type === "boolean" ? "Boolean" : number, required: required.includes(name), description };
  });
}

const kinds = discountKinds.map(({ kind, description, params }) => ({
  kind,
  description,
  params: paramsOf(params),
  field: kind.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
}));

type Values = Readonly<Record<string, bigint | number | boolean | null | undefined>>;
export type Choice = Readonly<Record<string, Values | null | undefined>>;

/** What a coupon takes off: a key for each kind, its parameters as the kind's schema has them. */
export const DiscountInput: InputRef<Choice> = builder.inputRef<Choice>("CouponDiscountInput").implement({
  description: "What a coupon takes off: exactly one of these. Amounts are minor units of the template's currency.",
  isOneOf: true,
  fields: (t) =>
    Object.fromEntries(
      kinds.map((each) => [each.field, t.field({ type: inputOf(each), description: each.description })]),
    ),
});

function inputOf({ field, description, params }: (typeof kinds)[number]): InputRef<Values> {
  const title = `${field.charAt(0).toUpperCase()}${field.slice(1)}CouponInput`;
  return builder.inputRef<Values>(title).implement({
    description,
    fields: (t) => Object.fromEntries(params.map(({ name, ...param }) => [name, t.field({ ...param })])),
  });
}

/** The kind and its parameters in the domain's words. */
export function discountOfInput(choice: Choice): { kind: string; params: unknown } {
  for (const { kind, field } of kinds) {
    const given = choice[field];
    if (given) return { kind, params: plain(given) };
  }
  throw new Error("a @oneOf input came with nothing in it");
}

/** `params.off` is `discount.fullReduction.off` of the input. */
export function placeInDiscount(path: string, choice: Choice | null | undefined): string {
  const field = kinds.find((each) => choice?.[each.field])?.field;
  return path.replace(/^kind$/, "discount").replace(/^params\b/, field ? `discount.${field}` : "discount");
}

function plain(given: Values): object {
  const said = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(said.map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]));
}

interface Discount {
  readonly kind: string;
  readonly params: unknown;
  readonly currency: string;
}

/** What a coupon takes off, as its parameters. */
export const DiscountType = builder.objectRef<Discount>("CouponDiscount").implement({
  description: "What a coupon takes off: one of the values or some, by its kind.",
  authScopes: { member: true, role: "viewer", service: "orders:write" },
  fields: (t) => ({
    kind: t.field({ type: DiscountKindEnum, description: "How.", resolve: ({ kind }) => kind }),
    words: toldField(t, "discount", "It in words.", describeDiscount),
    ...Object.fromEntries(
      [...everyParam()].map(([name, { type, description }]) => [
        name,
        // What is too large for an Int is money.
        type === "BigInt"
          ? maybeMoney(t, description, ({ params }) => paramOf(params, name))
          : t.field({ type, nullable: true, description, resolve: ({ params }) => paramOf(params, name) }),
      ]),
    ),
  }),
});

/** Each parameter of any kind, once, with what it means to each that has it. */
function everyParam(): ReadonlyMap<string, Pick<Param, "type" | "description">> {
  const found = new Map<string, Pick<Param, "type" | "description">>();
  for (const { kind, params } of kinds) {
    for (const { name, type, description } of params) {
      const known = found.get(name);
      const words = `${kind}: ${description}`;
      found.set(name, { type, description: known ? `${known.description} ${words}` : words });
    }
  }
  return found;
}

function paramOf(params: unknown, name: string) {
  const value =
    typeof params === "object" && params !== null ? Object.entries(params).find(([key]) => key === name)?.[1] : null;
  return value ?? null;
}
