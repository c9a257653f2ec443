import { expect, test } from "bun:test";
import { join } from "node:path";
import { domains } from "../../src/domains.ts";
import { printedSchema } from "../../src/schema/server/print.ts";

test("the checked-in schema.graphql is the schema (bun run sdl mends it)", async () => {
  expect(await Bun.file(join(import.meta.dir, "../../schema.graphql")).text()).toBe(printedSchema(domains));
});
