import { expect, test } from "bun:test";
import { join } from "node:path";
import { withDomains } from "../../src/cli/docs.ts";

test("CONTRIBUTING.md's table of domains is what the manifests say (bun run docs mends it)", async () => {
  const text = await Bun.file(join(import.meta.dir, "../../CONTRIBUTING.md")).text();
  expect(withDomains(text)).toBe(text);
});
