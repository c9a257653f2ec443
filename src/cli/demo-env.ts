import { domains } from "../domains.ts";
import { type Env, environment, readEnv } from "../env.ts";
import { variableNames } from "../env-variables.ts";
import { variablesOf } from "../settings.ts";

/**
 * Databases, queues, providers, keys, directories, a port that others share and the operations of an app: what leads
 * elsewhere, to other data or to people, or is not for what the demo asks.
 */
const elsewhere = [
  /^(DATABASE|REDIS|UPSTASH|QSTASH|RESEND|TWILIO|FCM|EMAIL|MEMBER_JWT|LINK)_/,
  /^(DATA_DIR|BROKER|PORT_SHARED|DOCUMENTS(_ONLY)?|ALLOW)(_FILE)?$/,
];

/** What it needs to be a demo; its members come with what they spent. */
const own = { NODE_ENV: "development", APPROVAL_ABOVE: "1000000000", TOTAL_SPEND_FROM: "shop" };
/** The flash sale's members come from many addresses. */
const crowd = { TRUST_PROXY: "1" };

const usualPort = 3000;

interface DemoEnv {
  readonly env: Env;
  /** Variables that are set and do not count. */
  readonly unheeded: readonly string[];
}

/**
 * The demo's environment: on data of its own, with the settings that are given, port and all, but without those that
 * would take it to the shop's database, queue or customers. Where no port is given and the usual one is taken, it takes
 * another; a `brief` demo, which nobody visits, takes any.
 */
export function demoEnv(dataDir: string, brief: boolean, source = environment()): DemoEnv {
  const given = Object.entries(source).filter(([, value]) => value?.trim());
  const leadsElsewhere = ([name, value]: [string, string | undefined]) =>
    elsewhere.some((those) => those.test(name)) && !(name === "REDIS_URL" && value === "none");
  const heeded = Object.fromEntries(given.filter((one) => !leadsElsewhere(one)));
  const hasPort = "PORT" in heeded || "PORT_FILE" in heeded;
  const port = hasPort ? {} : { PORT: brief || isTaken(usualPort) ? "0" : String(usualPort) };
  const known: readonly string[] = variableNames;
  return {
    env: readEnv({ LOG_LEVEL: "error", ...heeded, ...port, ...own, ...crowd, DATA_DIR: dataDir }, variablesOf(domains)),
    unheeded: given
      .filter(leadsElsewhere)
      .map(([name]) => name)
      .filter((name) => known.includes(name.replace(/_FILE$/, ""))),
  };
}

function isTaken(port: number): boolean {
  try {
    Bun.serve({ hostname: "127.0.0.1", port, reusePort: false, fetch: () => new Response() }).stop(true);
    return false;
  } catch {
    return true;
  }
}
