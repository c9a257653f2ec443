import { broker } from "./cli/broker.ts";
import { demo } from "./cli/demo.ts";
import { docs } from "./cli/docs.ts";
import { fail } from "./cli/failure.ts";
import { importFile } from "./cli/import.ts";
import { schema } from "./cli/schema.ts";
import { serve } from "./cli/serve.ts";
import { token } from "./cli/token.ts";

/** A subcommand: what it says of itself, and what it does with the arguments behind its name. */
interface Command {
  readonly usage: string;
  readonly run: (args: readonly string[]) => Promise<void>;
}

const commands: Readonly<Record<string, Command>> = {
  serve: { usage: "serve                          start Fanfare", run: serve },
  demo: { usage: "demo [--members N] [--exit] [--json]   one promotion to N sample members", run: demo },
  token: {
    usage: "token operator|service|member …       mint a token (see token --help)",
    run: token,
  },
  import: { usage: "import FILE.csv [--json]       import members from a CSV file", run: importFile },
  broker: { usage: "broker                         run the embedded queue as a process of its own", run: broker },
  docs: { usage: "docs --write|--check           the same for the table of domains in CONTRIBUTING.md", run: docs },
  schema: { usage: "schema --write|--check         write schema.graphql, or fail when it differs", run: schema },
};

const [name = "", ...args] = Bun.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (!command) {
  const usage = Object.values(commands).map((each) => `  fanfare ${each.usage}`);
  console.error(
    [
      ...(name && name !== "help" && name !== "--help" ? [`There is no command "${name}".`] : []),
      "Usage:",
      ...usage,
    ].join("\n"),
  );
  process.exit(name === "help" || name === "--help" ? 0 : 2);
}
await command.run(args).catch(fail);
