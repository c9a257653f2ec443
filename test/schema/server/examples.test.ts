import { afterAll, beforeAll, expect, test } from "bun:test";
import { type OperationDefinitionNode, parse, validate } from "graphql";
import { domains, examples, newest } from "../../../src/domains.ts";
import { readyExample } from "../../../src/schema/kit/example.ts";
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

test("tried in their order, all of them do what they say, also where there is something already", async () => {
  for (const round of [1, 2]) {
    const rows = await Promise.all(Object.entries(newest).map(async ([type, read]) => [type, await read(shop.ctx)]));
    for (const { name, kind, ...example } of named) {
      if (kind === "subscription" || name === "Pause") continue;
      const { query, variables } = readyExample(example, Object.fromEntries(rows));
      // Names and keys that may be there once only.
      const text = JSON.stringify(variables ?? {});
      const again = JSON.parse(text.replace("spring-1", `spring-${round}`).replace("Regulars", `Regulars ${round}`));
      const data = dataOf(await askAdmin(shop, query, again));
      expect(JSON.stringify([name, data])).not.toMatch(/"(code|refusal)":/);
      if (name === "Launch") await shop.becomes(round, "COMPLETED");
    }
  }
  expect(await until(async () => shop.app.channels.sandbox.counts().EMAIL === 2)).toBeTruthy();
});
