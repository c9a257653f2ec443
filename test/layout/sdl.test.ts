import { expect, test } from "bun:test";
import {
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLObjectType,
  type GraphQLUnionType,
  getNamedType,
  isLeafType,
  isUnionType,
  OverlappingFieldsCanBeMergedRule,
  parse,
  validate,
} from "graphql";
import { z } from "zod";
import { domains } from "../../src/domains.ts";
import { typeOfCode } from "../../src/schema/kit/refusal-type.ts";
import { buildSchemas } from "../../src/schema/server/schemas.ts";

const schema = buildSchemas(domains).operators;
const unions = Object.values(schema.getTypeMap()).filter((type) => isUnionType(type));
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});

const isRefusal = (type: GraphQLObjectType) => type.getInterfaces().some(({ name }) => name === "Refusal");
const titleOf = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** All plain fields of all its members, asked for at once. */
function everything(union: GraphQLUnionType): string {
  const parts = union.getTypes().map((type) => {
    const fields = Object.values(type.getFields()).map((field) =>
      isLeafType(getNamedType(field.type)) ? field.name : `${field.name} { __typename }`,
    );
    return `... on ${type.name} { ${fields.join(" ")} }`;
  });
  return parts.join(" ");
}

test("whatever the members of a union are asked for together, no two fields clash", () => {
  const clashes = mutations.flatMap(({ name, type }) => {
    const union = getNamedType(type);
    if (!isUnionType(union)) return [`${name} answers no union`];
    const document = parse(
      `mutation ($input: ${titleOf(name)}Input!) { ${name}(input: $input) { ${everything(union)} } }`,
    );
    return validate(schema, document, [OverlappingFieldsCanBeMergedRule]).map(({ message }) => `${name}: ${message}`);
  });
  expect(clashes).toEqual([]);
});

test("a mutation's union holds its result, what it may be refused with, and nothing else", () => {
  expect(mutations.length).toBeGreaterThan(50);
  for (const { name, type, extensions } of mutations) {
    const union = getNamedType(type);
    const types = isUnionType(union) ? union.getTypes() : [];
    const codes = z.array(z.string()).parse(extensions.refusals);
    expect({ name, results: types.filter((one) => !isRefusal(one)).length }).toEqual({ name, results: 1 });
    const refusals = types.filter(isRefusal).map(String).toSorted();
    expect({ name, refusals }).toEqual({ name, refusals: codes.map((code) => typeOfCode(code).name).toSorted() });
    expect({ name, codes }).toEqual({ name, codes: expect.arrayContaining(["FORBIDDEN", "INVALID_INPUT"]) });
  }
});

test("there is no union besides those of mutations", () => {
  expect(unions.map(({ name }) => name).toSorted()).toEqual(
    mutations.map(({ name }) => `${titleOf(name)}Result`).toSorted(),
  );
});

test("what only coupons are refused with is in no other union", () => {
  const ofCoupons = ["SoldOut", "LimitReached", "NotEligible", "NotStarted", "Ended"];
  const having = unions.filter((union) => union.getTypes().some(({ name }) => ofCoupons.includes(name)));
  expect(having.map(({ name }) => name).toSorted()).toEqual([
    "ClaimByLinkResult",
    "ClaimCouponResult",
    "IssueCouponResult",
    "RedeemCodeResult",
    "RemindMeResult",
  ]);
});

/** Names that others gave, so that they are texts of their own kind and no ids of ours. */
const foreign = ["externalId", "orderId", "refundId", "messageId", "letterId", "providerId", "publicId"];

/** Everything that has a name and a type: fields of inputs and outputs, and arguments. */
function named() {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (type.name.startsWith("__") || !("getFields" in type)) return [];
    const fields: (GraphQLField<unknown, unknown> | GraphQLInputField)[] = Object.values(type.getFields());
    return fields.flatMap((field) => {
      const args = "args" in field ? field.args : [];
      return [field, ...args].map((one) => ({
        place: `${type.name}.${field === one ? one.name : `${field.name}(${one.name})`}`,
        name: one.name,
        type: getNamedType(one.type).name,
      }));
    });
  });
}

test("what names a node is called `id`, `<noun>Id` or `<noun>Ids`, and nothing else is", () => {
  const strange = named().filter(({ name, type }) =>
    type === "ID" ? !/^id$|Ids?$/.test(name) : /Ids?$/.test(name) && !foreign.includes(name),
  );
  expect(strange.map(({ place }) => place)).toEqual([]);
});

test("an operator or a service names a member by `memberId` or `externalId`, whichever it has", () => {
  const places = new Map<string, Set<string>>();
  for (const { place, name } of named()) {
    const at = place.replace(/\.?\w+\)?$/, "");
    if (name === "memberId" || name === "externalId") places.set(at, (places.get(at) ?? new Set()).add(name));
  }
  // What a member is called there, and what can be asked of members.
  for (const own of ["Member", "MemberInput", "AudienceFilter"]) places.delete(own);
  for (const [place, names] of places) {
    expect([place, [...names].toSorted()]).toEqual([place, ["externalId", "memberId"]]);
  }
  expect(places.size).toBeGreaterThan(8);
});
