import { afterAll, beforeAll, expect, test } from "bun:test";
import { GraphQLNonNull, getNamedType, isInputObjectType } from "graphql";
import { type Role, roles } from "../../../src/actor.ts";
import { askAs, operatorSchema } from "../../support/ask-schema.ts";
import { counted } from "../../support/length.ts";
import {
  argumentsOf,
  everything,
  nodeTypes,
  type RootField,
  rootFields,
  type ValueOf,
} from "../../support/schema-walk.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { furnish, operatorOf, type Things } from "../../support/shop-things.ts";
import { isLetIn, lineOf } from "../../support/who-may.ts";

let shop: Shop;
/** The things of shop A, whose people ask; those of shop B; those of the company. */
let own: Things;
let foreign: readonly Things[];
/** What people of shop A read before there was any other shop. */
let alone: Readonly<Record<string, string>>;

beforeAll(async () => {
  shop = await openShop();
  await shop.members(4);
  own = await furnish(shop, "A");
  alone = await allThatIsRead();
  foreign = [await furnish(shop, "B"), await furnish(shop, "")];
});
afterAll(closeShops);

const fields = rootFields(operatorSchema).filter(({ name }) => name !== "node");
const globalId = (type: string, row: string | number) => btoa(`${type}:${row}`);
const row = "999999";

/** The value of a place where a thing is named. */
const naming =
  (things: Things): ValueOf =>
  (name, type) => {
    if (type !== undefined) return things[type] === undefined ? undefined : globalId(type, things[type]);
    if (name === "orderId") return things.orderId;
    return name === "externalId" ? "x1" : undefined;
  };

test("whatever other shops and the company do, people of a shop read the same to the letter", async () => {
  const now = await allThatIsRead();
  expect(Object.keys(now).filter((name) => now[name] !== alone[name])).toEqual([]);
  const all = Object.values(now).join(" ");
  for (const what of ["Coupon", "Codes", "Segment", "Campaign", "Promotion", "Schedule", "Holidays", "File", "order"]) {
    expect(all).toContain(`${what} of A`);
    for (const other of ["B", "all"]) expect(all).not.toContain(`${what} of ${other}`);
  }
});

/** The answers to all queries that people of shop A may ask, with everything in them. */
async function allThatIsRead(): Promise<Record<string, string>> {
  const read: Record<string, string> = {};
  for (const role of roles.slice(-counted(1, roles.length))) {
    const actor = operatorOf("A", role);
    for (const { root, name, field } of fields) {
      if (root !== "Query" || !isLetIn(lineOf(`${root}.${name}`), actor)) continue;
      const values = naming(own);
      const selected = everything(operatorSchema, field.type, 3, values);
      const answer = await askAs(shop.ctx, actor, `{ ${name}${argumentsOf(field, values)} ${selected} }`);
      read[`${name} to ${role}s`] = withoutTimes(JSON.stringify(answer));
    }
  }
  return read;
}

/** Moments that are reckoned from now differ from one asking to the next. */
const withoutTimes = (text: string) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");

test("what is named of another shop is answered as what there never was, and nothing becomes of it", async () => {
  const before = await rowsOf();
  const told: string[] = [];
  for (const each of fields.filter(({ root, name }) => isLetIn(lineOf(`${root}.${name}`), operatorOf("A")))) {
    for (const [place, things] of placesOf(each).flatMap((place) =>
      foreign.map((things) => [place, things] as const),
    )) {
      const [given, never] = [await askedFor(each, place, things), await askedFor(each, place, neverMade)];
      if (given !== never) told.push(`${each.name}, ${place}\n  ${given}\n  ${never}`);
    }
  }
  expect(told).toEqual([]);
  expect(await rowsOf()).toEqual(before);
});

const neverMade: Things = new Proxy({}, { get: (_, type) => (type === "orderId" ? "never" : row) });

/** The places at which a field takes the id of something that a shop may have, by their order and name. */
function placesOf({ field }: RootField): string[] {
  const places: string[] = [];
  argumentsOf(field, (name, type) => {
    const own = naming(foreign[0] ?? {})(name, type);
    if (own !== undefined && name !== "externalId") places.push(`${places.length} ${name}`);
    return own;
  });
  return places;
}

/** What an admin of shop A is answered who names a thing at one place, and what is A's at the others. */
async function askedFor({ root, name, field }: RootField, place: string, things: Things): Promise<string> {
  let n = 0;
  const values: ValueOf = (slot, type) => {
    const mine = naming(own)(slot, type);
    if (mine === undefined || slot === "externalId") return mine;
    return `${n++} ${slot}` === place ? naming(things)(slot, type) : mine;
  };
  const selected = everything(operatorSchema, field.type, 1, values);
  const operation = `${root.toLowerCase()} { ${name}${argumentsOf(field, values)} ${selected} }`;
  const answer = await askAs(shop.ctx, operatorOf("A"), operation);
  return withoutIds(withoutTimes(JSON.stringify(answer)));
}

/** How things are called is the same for all of them. */
function withoutIds(text: string): string {
  const called = [...foreign, { orderId: "never", CouponTemplate: row }].flatMap((things: Things) =>
    Object.entries(things).flatMap(([type, thing]) => [globalId(type, thing), globalId(type, row), String(thing)]),
  );
  const longest = [...new Set(called)].sort((a, b) => b.length - a.length);
  return longest.reduce((rest, name) => rest.replaceAll(new RegExp(`(?<!\\w)${name}(?!\\w)`, "g"), "IT"), text);
}

/** Everything that is written down of what belongs to shops. */
async function rowsOf(): Promise<Record<string, unknown>> {
  const tables = [
    "campaign",
    "run",
    "send",
    "promotion",
    "coupon_template",
    "coupon",
    "code_pool",
    "segment",
    "schedule",
  ];
  const all = [...tables, "occurrence", "holiday_list", "coupon_order", "outbox", "audit", "revision"];
  return Object.fromEntries(
    await Promise.all(all.map(async (table) => [table, await shop.ctx.db.all(sqlOf(table))] as const)),
  );
}
const sqlOf = (table: string) => ({ sql: `SELECT * FROM ${table} ORDER BY 1, 2`, args: [] });

test("a node is there for those who may read it, and for people of its own shop alone", async () => {
  const faults: string[] = [];
  for (const { name } of nodeTypes(operatorSchema)) {
    for (const [at, things] of [own, ...foreign].entries()) {
      if (things[name] === undefined) continue;
      for (const [of, role] of ["A", ""].flatMap((of) => roles.map((role) => [of, role] as [string, Role]))) {
        const actor = operatorOf(of, role);
        const { data } = await askAs(shop.ctx, actor, `{ node(id: "${globalId(name, things[name])}") { id } }`);
        const isThere = isLetIn(lineOf(`node:${name}`), actor) && (of === "" || at === 0);
        if ((data?.node !== null) !== isThere) faults.push(`${name} of shop ${at} to a ${role} of ${of || "all"}`);
      }
    }
  }
  expect(faults).toEqual([]);
});

test("a filter that names what is another shop's selects nobody, as one that names what there never was", async () => {
  const told: string[] = [];
  const terms = termsThatName();
  expect(terms.length).toBeGreaterThan(4);
  for (const [term, inner] of terms) {
    const asked = (things: Things) => `${term}: ${inner(things)}`;
    expect(await countOf(asked(neverMade))).toBe(0);
    for (const things of foreign) if ((await countOf(asked(things))) !== 0) told.push(asked(things));
  }
  expect(told).toEqual([]);
  expect(await countOf(`holdsCoupon: { templateId: "${globalId("CouponTemplate", own.CouponTemplate ?? 0)}" }`)).toBe(
    2,
  );
});

const typeOfId: Readonly<Record<string, string>> = {
  templateId: "CouponTemplate",
  campaignId: "Campaign",
  promotionId: "Promotion",
};

/** The terms of filters in which something is named by its id, and what they then say. */
function termsThatName(): [string, (things: Things) => string][] {
  const filter = operatorSchema.getType("AudienceFilter");
  if (!isInputObjectType(filter)) throw new Error("there is no filter");
  return Object.values(filter.getFields()).flatMap((term): [string, (things: Things) => string][] => {
    const input = getNamedType(term.type);
    const names = isInputObjectType(input) ? Object.keys(input.getFields()).filter((name) => typeOfId[name]) : [];
    if (names.length === 0 || !isInputObjectType(input)) return [];
    const said = (things: Things) =>
      argumentsOf({ args: [{ ...term, type: new GraphQLNonNull(input) } as never] }, (name) =>
        typeOfId[name] ? naming(things)(name, typeOfId[name]) : undefined,
      );
    return [[term.name, (things) => said(things).slice(`(${term.name}: `.length, -1)]];
  });
}

/** How many members somebody of shop A is told that a filter selects. */
async function countOf(filter: string): Promise<unknown> {
  const question = `{ estimateAudience(filter: { ${filter} }) { count } }`;
  const { data, errors } = await askAs(shop.ctx, operatorOf("A"), question);
  return (data?.estimateAudience as { count: number } | undefined)?.count ?? errors;
}
