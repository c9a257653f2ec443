import { join } from "node:path";
import { domains } from "../domains.ts";
import { installationDir } from "../installation.ts";
import { printedSchema } from "../schema/server/print.ts";
import { defineCommand } from "./command.ts";
import { UsageError } from "./options.ts";

const path = join(installationDir, "schema.graphql");

/** Writes schema.graphql, or fails when the checked-in one differs from the code. */
export const schema = defineCommand({
  name: "schema",
  usage: `fanfare schema [--write | --check]

Prints the schema of the API. With --write it is written into schema.graphql, with --check that file is compared.`,
  options: { write: { type: "boolean" }, check: { type: "boolean" } },
  async run({ write, check }) {
    const sdl = printedSchema(domains);
    if (write) await Bun.write(path, sdl);
    else if (!check) console.log(sdl);
    else if ((await Bun.file(path).text()) !== sdl) {
      throw new UsageError("schema.graphql differs from the code: run `bun run sdl` and commit it");
    }
  },
});
