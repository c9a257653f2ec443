import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Env, environment, readEnv } from "../env.ts";
import { printInvitation, printOutcome, printSale } from "./demo-output.ts";
import { runPromotion } from "./demo-run.ts";
import { runSale } from "./demo-sale.ts";
import { readOptions, UsageError } from "./options.ts";
import { startUntilSignal } from "./stop-on-signal.ts";

/**
 * The main job on the embedded default: sample members, one promotion over two channels, a flash sale, and what became
 * of them. Its data is in a directory of its own that goes when it ends. With `--exit` it ends after the table, with
 * `--json` the last line is one JSON object.
 */
export async function demo(args: readonly string[]): Promise<void> {
  const { values } = readOptions(args, {
    members: { type: "string", default: "10000" },
    exit: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  const members = Number(values.members.replaceAll(/[_,]/g, ""));
  if (!Number.isSafeInteger(members) || members < 1) throw new UsageError("--members takes a whole number from 1");
  const dataDir = mkdtempSync(join(tmpdir(), "fanfare-demo-"));
  process.on("exit", () => rmSync(dataDir, { recursive: true, force: true }));
  const env = demoEnv(dataDir, values.exit);
  const { app, signal } = await startUntilSignal(env);
  if (!app) return signal.done;
  const unlessStopped = async (error: unknown) => {
    if (!signal.asked()) {
      await app.stop(); // what it started must not outlive it
      throw error;
    }
    await signal.done; // Ctrl-C in the middle: what was started is stopped, and that is all there is to say
    process.exit(130);
  };
  const outcome = await runPromotion(app, members).catch(unlessStopped);
  printOutcome(outcome);
  const sale = await runSale(app, env, members).catch(unlessStopped);
  printSale(sale);
  if (!values.exit) await printInvitation(app, env);
  if (values.json) console.log(JSON.stringify({ ...outcome.summary, sale }));
  if (values.exit) await app.stop();
  else await signal.done;
}

function demoEnv(dataDir: string, brief: boolean): Env {
  const own = { NODE_ENV: "development", DATA_DIR: dataDir, LOG_LEVEL: "error", APPROVAL_ABOVE: "1000000000" };
  const crowd = { TRUST_PROXY: "1" }; // the flash sale's members come from many addresses
  return readEnv(environment({ ...own, ...crowd, PORT: brief || portTaken(3000) ? "0" : "3000" }));
}

function portTaken(port: number): boolean {
  try {
    Bun.serve({ hostname: "127.0.0.1", port, fetch: () => new Response() }).stop(true);
    return false;
  } catch {
    return true;
  }
}
