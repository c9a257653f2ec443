import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { isObjectType, isUnionType } from "graphql";
import { domains } from "../../../src/domains.ts";
import { createToken } from "../../../src/operations/token.ts";
import { declaredScopes } from "../../../src/schema/kit/scopes.ts";
import { buildSchemas } from "../../../src/schema/server/schemas.ts";
import { read } from "../../support/graphql.ts";
import { refusalsOf, titleOf } from "../../support/refusals.ts";
import { scenarios } from "../../support/scenario.ts";
import { platformScenarios } from "../../support/scenario-platform.ts";
import { openScene, worldOf } from "../../support/scenario-world.ts";
import { accepted, closeShops, type Shop } from "../../support/shop.ts";

const mutations = Object.values(buildSchemas(domains).operators.getMutationType()?.getFields() ?? {}).flatMap(
  (field) => {
    const { role, platform } = declaredScopes(field.extensions.pothosOptions) ?? {};
    return role || platform ? [{ name: field.name, isOfShops: role !== undefined }] : [];
  },
);
const all = { ...scenarios, ...platformScenarios };

let scene: Shop;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(closeShops);

interface Kim {
  readonly token: string;
  readonly operator: number;
  readonly id: number;
  readonly shop: string;
}

async function hireKim(shop: string): Promise<Kim> {
  const name = `Kim of ${shop || "all"}`;
  const { token, record } = accepted(await createToken(scene.ctx, { kind: "operator", name, role: "admin", shop }));
  return { token, operator: "operator" in record ? record.operator.id : 0, id: record.id, shop };
}

async function asks({ token }: Kim, mutation: string, input: object) {
  const query = `mutation ($input: ${titleOf(mutation)}Input!) {
    ${mutation}(input: $input) { __typename ${refusalsOf(mutation)} } }`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query, variables: { input } });
  const answer = await read(await fetch(`${scene.app.url}/graphql`, { method: "POST", headers, body }));
  return answer.body.errors ?? answer.body.data[mutation];
}

const last = async () => (await scene.ctx.db.first<{ id: number }>(sql`SELECT max(id) AS id FROM audit`))?.id ?? 0;
const because = (mutation: string) => `because of ${mutation}`;

/** Does what a scenario does, and answers who is written down for it, with that reason. */
async function written(kim: Kim, mutation: string): Promise<object[]> {
  const input = await all[mutation]?.(worldOf(scene, kim.shop));
  const before = await last();
  const answer = await asks(kim, mutation, { ...input, reason: because(mutation) });
  if (answer.__typename !== resultOf(mutation)) return [answer];
  return scene.ctx.db.all<object>(sql`
    SELECT DISTINCT operator, token, actor_shop, shop FROM audit
    WHERE id > ${before} AND reason = ${because(mutation)}`);
}

function resultOf(mutation: string): string {
  const union = buildSchemas(domains).operators.getType(`${titleOf(mutation)}Result`);
  const types = isUnionType(union) ? union.getTypes() : [];
  return (
    types.find((type) => isObjectType(type) && type.getInterfaces().every(({ name }) => name !== "Refusal"))?.name ?? ""
  );
}

async function eachWritten(kim: Kim, which: (each: (typeof mutations)[number]) => boolean) {
  const told: Record<string, object[]> = {};
  for (const { name } of mutations.filter(which)) told[name] = await written(kim, name);
  return told;
}

const entryOf = ({ operator, id, shop }: Kim) => ({ operator, token: id, actor_shop: shop, shop });

test("every mutation that an operator may call has a scenario", () => {
  expect(mutations.map(({ name }) => name).toSorted()).toEqual(Object.keys(all).toSorted());
});

test("whatever a history is kept of, and has an id, shows it", () => {
  const types = domains.flatMap(({ subjects = {} }) => Object.values(subjects).flatMap(({ type }) => type ?? []));
  const shown = types.filter((name) => {
    const type = buildSchemas(domains).operators.getType(name);
    return isObjectType(type) && type.getFields().history && type.getInterfaces().some((each) => each.name === "Node");
  });
  expect(shown).toEqual(types);
});

test("each that may be called for a shop is written down: person, token, shop, what, why", async () => {
  const kim = await hireKim("berlin");
  const told = await eachWritten(kim, (each) => each.isOfShops);
  expect(told).toEqual(Object.fromEntries(Object.keys(told).map((name) => [name, [entryOf(kim)]])));
});

test("each that is of the whole company is written down, too", async () => {
  const kim = await hireKim("");
  const told = await eachWritten(kim, (each) => !each.isOfShops);
  expect(told).toEqual(Object.fromEntries(Object.keys(told).map((name) => [name, [entryOf(kim)]])));
});

test.each(["munich", ""])(
  "whoever works for a shop does nothing to what is of %p, nor hears that it is there",
  async (of) => {
    const kim = await hireKim("berlin");
    const told: Record<string, unknown> = {};
    let asked = 0;
    for (const { name } of mutations.filter((each) => each.isOfShops)) {
      const { input, never, called } = foreign((await all[name]?.(worldOf(scene, of))) ?? {});
      if (called.length === 0) continue;
      const before = await last();
      asked++;
      const why = { reason: "I was curious" };
      const given = await asks(kim, name, { ...input, ...why });
      const unknown = await asks(kim, name, { ...never, ...why });
      const [one, other] = [given, unknown].map((answer) => withoutNames(answer, called));
      if (one !== other || (await last()) > before) told[name] = [one, other];
    }
    expect(asked).toBeGreaterThan(30);
    expect(told).toEqual({});
  },
);

/** An input of another shop's world; the same with what was never made in its places; and how both are called. */
function foreign(input: object) {
  const called: string[] = [];
  const never = JSON.parse(JSON.stringify(input), (_, value: unknown) => {
    if (typeof value !== "string") return value;
    if (value.startsWith("order ")) {
      called.push(value, "never");
      return "never";
    }
    const [, type, row] = /^([A-Z]\w+):(\d+)$/.exec(Buffer.from(value, "base64").toString()) ?? [];
    if (type === undefined || row === undefined) return value;
    called.push(value, row, btoa(`${type}:999999`), "999999");
    return btoa(`${type}:999999`);
  });
  return { input, never, called };
}

/** An answer in which both are called the same. */
function withoutNames(answer: unknown, called: readonly string[]): string {
  const longest = called.toSorted((a, b) => b.length - a.length);
  return longest.reduce(
    (text, name) => text.replaceAll(new RegExp(`(?<!\\w)${name.replace(/[+=]/g, "\\$&")}(?!\\w)`, "g"), "IT"),
    JSON.stringify(answer),
  );
}
