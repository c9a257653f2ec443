import { afterAll, beforeAll, expect, test } from "bun:test";
import { type OperationDefinitionNode, parse, validate } from "graphql";
import { domains, examples } from "../../../src/domains.ts";
import { buildSchemas } from "../../../src/schema/server/schemas.ts";
import { askAdmin, dataOf } from "../../support/ask.ts";
import { closeShops, openShop, type Shop } from "../../support/shop.ts";
import { until } from "../../support/wait.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(closeShops);

const named = examples.map(({ query, variables }) => {
  const [operation] = parse(query).definitions as OperationDefinitionNode[];
  return { name: operation?.name?.value ?? "", kind: operation?.operation, query, variables };
});

test("every example is an operation of the schema under a name of its own", () => {
  const { operators } = buildSchemas(domains);
  for (const { query } of examples) expect(validate(operators, parse(query)).map(String)).toEqual([]);
  expect(new Set(named.map(({ name }) => name)).size).toBe(examples.length);
});

test("tried in their order on a new installation, all of them do what they say", async () => {
  for (const { name, kind, query, variables } of named) {
    if (kind === "subscription" || name === "Pause") continue;
    const data = dataOf(await askAdmin(shop, query, variables));
    expect(JSON.stringify([name, data])).not.toContain('"code"');
    if (name === "Launch") await shop.becomes(1, "COMPLETED");
  }
  const sent = await until(async () => shop.app.channels.sandbox.counts().EMAIL);
  expect(sent).toBe(1);
});
