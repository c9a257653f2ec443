import { writeSync } from "node:fs";

/** Errors that a person can mend: they are told in words, without a stack. */
const mendable = ["EnvError", "SetupError", "UsageError"];

/** Tells on standard error why the process ends, and ends it: status 2 for wrong words on the command line, else 1. */
export function fail(error: unknown): never {
  const isMendable = error instanceof Error && mendable.includes(error.name);
  tell(isMendable ? error.message : Bun.inspect(error));
  process.exit(error instanceof Error && error.name === "UsageError" ? 2 : 1);
}

/** Past the console, which is the libraries' while Fanfare serves; a terminal that is closed changes nothing. */
function tell(words: string): void {
  try {
    writeSync(2, `${words}\n`);
  } catch {}
}
