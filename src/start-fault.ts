import { lookup } from "node:dns/promises";
import { isBusy } from "./db/busy.ts";
import { placeOf } from "./db/client.ts";
import type { Env } from "./env.ts";
import { cannotWrite, SetupError } from "./errors.ts";
import { databaseSettings } from "./settings.ts";

/**
 * Why Fanfare does not start, where a person can mend it: a port that is taken, a disk that is full, a file that is
 * damaged, a database that is away. One line, with what to do; nothing for what is a bug.
 */
export function startFault(error: unknown, env: Env): SetupError | undefined {
  if (error instanceof SetupError) return error;
  const code = codeOf(error);
  if (code === "QUEUE_IN_USE") {
    return new SetupError(
      `${env.dataDir} is in use: another Fanfare has its queue open; stop that one, or give this one a DATA_DIR.`,
    );
  }
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) {
    return new SetupError(`A database in ${env.dataDir} is damaged (${code}); restore the directory from a backup.`);
  }
  return databaseFault(error, env) ?? cannotWrite(env.dataDir, error);
}

/** Opens a port; that it cannot be had is a {@link SetupError} which names the setting. */
export async function onPort<Opened>(
  name: "PORT" | "BROKER_PORT",
  host: string,
  port: number,
  open: () => Opened | Promise<Opened>,
): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    throw (await portFault(error, name, host, port)) ?? error;
  }
}

async function portFault(error: unknown, name: string, host: string, port: number): Promise<SetupError | undefined> {
  const code = codeOf(error);
  if (!(error instanceof Error && "syscall" in error && error.syscall === "listen")) return undefined;
  const isKnown = await lookup(host).then(
    () => true,
    () => false, // Bun calls a name that nobody knows a port in use
  );
  if (!isKnown) return new SetupError(`HOST: there is no ${host}.`);
  if (code === "EADDRINUSE") {
    return new SetupError(`${host}:${port} is in use; stop what listens there, or set ${name}.`);
  }
  return code === "EACCES"
    ? new SetupError(`${host}:${port} may not be opened by this user (EACCES); set ${name} to 1024 or more.`)
    : new SetupError(`HOST: ${host} is no address of this machine (${code}).`);
}

function databaseFault(error: unknown, env: Env): SetupError | undefined {
  const settings = databaseSettings(env);
  const place = placeOf(settings);
  const [code, words] = [codeOf(error), error instanceof Error ? error.message : ""];
  if (isBusy(error)) {
    return new SetupError(`The database ${place} is kept busy by others (${code}); start again when they are done.`);
  }
  if (settings.url.startsWith("file:")) {
    const isClosed = words.startsWith("ConnectionFailed");
    return isClosed ? new SetupError(`The database ${place} cannot be opened; is its directory there?`) : undefined;
  }
  if (code === "SERVER_ERROR") {
    const isBarred = /\b40[13]\b/.test(words);
    const why = isBarred ? "does not take DATABASE_AUTH_TOKEN" : `does not answer as libSQL does (${words})`;
    return new SetupError(`The database ${place} ${why}.`);
  }
  if (!awayCodes.test(code)) return undefined;
  return new SetupError(`The database ${place} does not answer (${code}); is DATABASE_URL right, and the network up?`);
}

/** What the client says when nobody, or somebody else, is at the other end. */
const awayCodes =
  /^(ECONN.*|ENOTFOUND|EAI_.*|ETIMEDOUT|EHOST.*|ENET.*|ERR_INVALID_URL|Connection.*|FailedToOpen.*|HRANA_.*|.*CERT.*)$/;

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
