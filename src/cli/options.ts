import { type ParseArgsConfig, parseArgs } from "node:util";

/** Wrong words on the command line; told without a stack, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export type Options = NonNullable<ParseArgsConfig["options"]>;

/** What a command's arguments said. */
export type Given<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/** Reads a command's arguments; anything unknown, or a word more than it takes, is a {@link UsageError}. */
export function readOptions<T extends Options>(args: readonly string[], options: T, takes: number): Given<T> {
  const given = parsed(args, options);
  const surplus = given.positionals.slice(takes);
  if (surplus.length > 0) throw new UsageError(`Nothing is known of ${surplus.map((word) => `"${word}"`).join(", ")}.`);
  return given;
}

function parsed<T extends Options>(args: readonly string[], options: T): Given<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError(words.replace(/\. To specify a positional argument.*/s, "."));
  }
}
