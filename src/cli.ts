import { asksFor, type Command, versionLine } from "./cli/command.ts";
import { fail } from "./cli/failure.ts";

/** A subcommand: what it is, in a line, and where it stands; only the one that is called is loaded. */
interface Entry {
  readonly about: string;
  readonly load: () => Promise<Command>;
}

const commands: Readonly<Record<string, Entry>> = {
  serve: { about: "start Fanfare", load: async () => (await import("./cli/serve.ts")).serve },
  demo: {
    about: "one promotion to sample members, a flash sale",
    load: async () => (await import("./cli/demo.ts")).demo,
  },
  token: { about: "mint a token", load: async () => (await import("./cli/token.ts")).token },
  import: { about: "import members from a CSV file", load: async () => (await import("./cli/import.ts")).importFile },
  distribute: {
    about: "give coupons to the members of a spreadsheet",
    load: async () => (await import("./cli/distribute.ts")).distribute,
  },
  broker: {
    about: "run the embedded queue as a process of its own",
    load: async () => (await import("./cli/broker.ts")).broker,
  },
  docs: {
    about: "make CONTRIBUTING.md's table of domains",
    load: async () => (await import("./cli/docs.ts")).docs,
  },
  documents: {
    about: "make the manifest of the operations that the shop's app uses",
    load: async () => (await import("./cli/documents.ts")).documents,
  },
  schema: { about: "make schema.graphql", load: async () => (await import("./cli/schema.ts")).schema },
};

const usage = [
  "fanfare COMMAND …        `fanfare COMMAND --help` says what it takes",
  ...Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(11)}${about}`),
  "",
  "fanfare --version",
  "",
  "Settings are environment variables; .env.example lists them. Data is in DATA_DIR, by default this checkout's data/.",
  "Exit status: 0 done, 1 failed, 2 not understood, 130 stopped by a signal before it was done.",
].join("\n");

async function main([name = "", ...args]: readonly string[]): Promise<void> {
  const asked = name === "help" ? args[0] : name;
  const entry = asked !== undefined && Object.hasOwn(commands, asked) ? commands[asked] : undefined;
  if (entry) return (await entry.load())(name === "help" ? ["--help"] : args);
  if (name === "--version") return console.log(versionLine);
  if (name === "help" || asksFor(["--help", "-h"], [name])) return console.log(usage);
  console.error(name ? `There is no command "${name}".\n${usage}` : usage);
  process.exitCode = 2;
}

await main(Bun.argv.slice(2)).catch(fail);
