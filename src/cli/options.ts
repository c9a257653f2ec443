import { type ParseArgsConfig, parseArgs } from "node:util";

/** Wrong words on the command line; told without a stack, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Reads a subcommand's arguments; anything unknown is a {@link UsageError}. */
export function readOptions<T extends NonNullable<ParseArgsConfig["options"]>>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
