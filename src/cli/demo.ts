import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../log.ts";
import { defineCommand } from "./command.ts";
import { demoEnv } from "./demo-env.ts";
import { mailsIn } from "./demo-mails.ts";
import { runOrder } from "./demo-order.ts";
import { printInvitation, printMails, printOrder, printOutcome, printSale } from "./demo-output.ts";
import { runPromotion } from "./demo-run.ts";
import { runSale } from "./demo-sale.ts";
import { UsageError } from "./options.ts";
import { quietLibraries } from "./quiet.ts";
import { startUntilSignal } from "./stop-on-signal.ts";

/**
 * The main job on the embedded default: sample members, one promotion over two channels, a flash sale, an order that
 * earns a coupon, and what became of them. Its data is in a directory of its own that goes when it ends. With `--exit`
 * it ends after the table, with `--json` the last line is one JSON object.
 */
export const demo = defineCommand({
  name: "demo",
  usage: `fanfare demo [--members 10000] [--exit] [--json]        (the same as: npm run demo -- …)

Sample members, one promotion to them over in-app and e-mail, a flash sale, an order that earns a coupon, and what
became of them; then it serves until Ctrl-C. Its data is in a directory of its own that goes when it ends, and nothing
leaves the machine: settings such as PORT count, those of databases, queues and providers do not. Without PORT it takes
3000, or any where that is taken. --exit ends it after the table; with --json the last line is one JSON object.`,
  options: {
    members: { type: "string", default: "10000" },
    exit: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  async run(values) {
    const members = Number(values.members.replaceAll(/[_,]/g, ""));
    if (!Number.isSafeInteger(members) || members < 1) throw new UsageError("--members takes a whole number from 1");
    await show(members, values);
  },
});

interface Wishes {
  readonly exit: boolean;
  readonly json: boolean;
}

async function show(members: number, { exit, json }: Wishes): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "fanfare-demo-"));
  process.on("exit", () => rmSync(dataDir, { recursive: true, force: true }));
  const { env, unheeded } = demoEnv(dataDir, exit);
  quietLibraries(createLog(env.LOG_LEVEL));
  process.stderr.write(`Data directory: ${dataDir}, until the demo ends\n`);
  if (unheeded.length > 0) process.stderr.write(`Not used by the demo: ${unheeded.join(", ")}\n`);
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
  printMails(await mailsIn(app.ctx, ["en", "zh-CN"]));
  console.log("");
  const sale = await runSale(app, env, members).catch(unlessStopped);
  printSale(sale);
  const order = await runOrder(app, env).catch(unlessStopped);
  printOrder(order);
  if (!exit) await printInvitation(app, env);
  if (json) console.log(JSON.stringify({ ...outcome.summary, sale, order }));
  if (exit) await app.stop();
  else await signal.done;
}
