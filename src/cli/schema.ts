import { join } from "node:path";
import { domains } from "../domains.ts";
import { printedSchema } from "../schema/server/print.ts";
import { readOptions, UsageError } from "./options.ts";

const path = join(import.meta.dir, "../../schema.graphql");

/** Writes schema.graphql, or fails when the checked-in one differs from the code. */
export async function schema(args: readonly string[]): Promise<void> {
  const { values } = readOptions(args, { write: { type: "boolean" }, check: { type: "boolean" } });
  const sdl = printedSchema(domains);
  if (values.write) {
    await Bun.write(path, sdl);
  } else if (values.check) {
    const kept = await Bun.file(path).text();
    if (kept !== sdl) throw new UsageError("schema.graphql differs from the code: run `bun run sdl` and commit it");
  } else {
    console.log(sdl);
  }
}
