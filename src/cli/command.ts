import { version } from "../../package.json";
import { type Given, type Options, readOptions, UsageError } from "./options.ts";

/** A subcommand of `fanfare`, which reads the arguments behind its name. */
export type Command = (args: readonly string[]) => Promise<void>;

interface Definition<T extends Options> {
  readonly name: string;
  /** What `--help` prints: the ways to write it, then what it does. */
  readonly usage: string;
  readonly options?: T;
  /** How many words it takes that are no options; none unless given. */
  readonly takes?: number;
  run(values: Given<T>["values"], words: readonly string[]): Promise<void>;
}

/** `fanfare --version` */
export const versionLine = `fanfare ${version} (Bun ${Bun.version})`;

export function asksFor(words: readonly string[], args: readonly string[]): boolean {
  return args.some((arg) => words.includes(arg));
}

/** Defines a subcommand: it says what it is when asked, and refuses what it does not know before it does anything. */
export function defineCommand<const T extends Options = Record<never, never>>(definition: Definition<T>): Command {
  const { name, usage, takes = 0 } = definition;
  return async (args) => {
    if (asksFor(["--help", "-h"], args)) return console.log(usage);
    if (asksFor(["--version"], args)) return console.log(versionLine);
    const { values, positionals } = read(name, () => readOptions(args, definition.options ?? ({} as T), takes));
    await definition.run(values, positionals);
  };
}

function read<T>(name: string, options: () => T): T {
  try {
    return options();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}\n\`fanfare ${name} --help\` says what it takes.`);
  }
}
