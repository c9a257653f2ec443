import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../test/support/port.ts";
import { type Usage, usageOf } from "./support/children.ts";
import { median, rounded } from "./support/figures.ts";
import { askedBy, bodyOf, documentOf, postOf, type Road, readRoad, secret, writeManifest } from "./support/requests.ts";
import { seedShop } from "./support/shop-seed.ts";

/**
 * From the start of `bin/fanfare serve`, which runs what `bin/build` made (`--of src`: from that of `bun src/main.ts`),
 * on a data directory that is there, to the first 200 of `/readyz`, in ms of the clock and of processor time; and the
 * memory that it holds, in MiB, with trusted documents that nobody asked for, and when all were.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      documents: { type: "string", default: "500" },
      road: { type: "string", default: "lane" },
      of: { type: "string", default: "dist" },
      json: { type: "boolean" },
    },
  });
  const [road, command] = [readRoad(values.road), commandOf(values.of)];
  const dir = mkdtempSync(join(tmpdir(), "fanfare-boot-"));
  try {
    await seedShop(dir, { readers, newcomers: 0, claimants: 1 });
    const documents = variants(Number(values.documents));
    writeManifest(join(dir, "documents.json"), documents);
    const boots: Boot[] = [];
    for (let n = 0; n < Number(values.rounds); n++) boots.push(await boot(command, dir, documents, road));
    const of = (pick: (one: Boot) => number) => Math.round(median(boots.map(pick)));
    const result = {
      bench: "boot",
      bootMs: of(({ bootMs }) => bootMs),
      bootCpuMs: of(({ bootCpuMs }) => bootCpuMs),
      idleRssMiB: of(({ idleRssMiB }) => idleRssMiB),
      usedRssMiB: of(({ usedRssMiB }) => usedRssMiB),
      bootsMs: boots.map(({ bootMs }) => rounded(bootMs, 0)),
      settings: { of: values.of, documents: documents.length, rounds: boots.length, road },
    };
    if (!values.json) console.error(`ready after ${result.bootMs} ms, ${result.idleRssMiB} MiB`);
    console.log(JSON.stringify(result));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const checkout = join(import.meta.dir, "..");

/** What is started: what a shop runs, or the sources. */
function commandOf(of: string): readonly string[] {
  if (of === "src") return [process.execPath, join(checkout, "src/main.ts")];
  if (of !== "dist") throw new Error("--of is dist or src");
  const built = Bun.spawnSync([join(checkout, "bin/build")], { stderr: "inherit" });
  if (!built.success) throw new Error("bin/build failed");
  return [join(checkout, "bin/fanfare"), "serve"];
}

const readers = 1_000;
const bases = ["my-coupons", "claimable-coupons", "my-inbox", "unread-count", "next-popup"];

/** So many documents, no two the same: each asks under names of its own. */
function variants(n: number): string[] {
  return Array.from({ length: n }, (_, i) =>
    documentOf(bases[i % bases.length] ?? "").replace(/^(query \w+)(.*?\{)\s*/, `$1${i}$2 asked${i}: `),
  );
}

interface Boot {
  readonly bootMs: number;
  readonly bootCpuMs: number;
  readonly idleRssMiB: number;
  readonly usedRssMiB: number;
}

const idleMs = 3_000;

async function boot(
  command: readonly string[],
  dataDir: string,
  documents: readonly string[],
  road: Road,
): Promise<Boot> {
  const port = freePort();
  const settings = { DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: "error", MEMBER_JWT_SECRET: secret };
  const began = performance.now();
  const child = Bun.spawn([...command], {
    env: { PATH: Bun.env.PATH, ...settings, TRUST_PROXY: "1", DOCUMENTS_FILE: join(dataDir, "documents.json") },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const usage: Usage = usageOf(child.pid);
  const url = `http://127.0.0.1:${port}`;
  try {
    while (!(await isReady(url))) await Bun.sleep(5);
    const bootMs = performance.now() - began;
    const bootCpuMs = usage.cpuMicros() / 1_000;
    await Bun.sleep(idleMs); // whatever it begins with is done
    const idleRssMiB = usage.rssMiB();
    await askAll(url, documents, road);
    await Bun.sleep(idleMs);
    return { bootMs, bootCpuMs, idleRssMiB, usedRssMiB: usage.rssMiB() };
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

const isReady = (url: string) =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );

/** Every document once, each by another member. */
async function askAll(url: string, documents: readonly string[], road: Road): Promise<void> {
  for (const [n, text] of documents.entries()) {
    const [asked] = await askedBy(1 + (n % readers), 1, bodyOf(road, text));
    const answer = asked && (await (await fetch(`${url}/app`, postOf(asked))).json());
    if (!answer?.data || answer.errors) throw new Error(`document ${n}: ${JSON.stringify(answer).slice(0, 300)}`);
  }
}
