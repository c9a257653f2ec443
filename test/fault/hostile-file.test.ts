import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createToken } from "../../src/operations/token.ts";
import { addTemplate } from "../support/coupons.ts";
import { openTestDatabase } from "../support/database.ts";
import { testContext } from "../support/graphql.ts";
import { isLong } from "../support/length.ts";
import { idOf } from "../support/operators.ts";
import { freePort } from "../support/port.ts";
import { accepted } from "../support/shop.ts";
import { tempDir } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const megabyte = 1_000_000;
const consents = Array.from({ length: 30_000 }, (_, n) => `,consent:EMAIL:topic ${n}`).join("");
const long = 50 * megabyte;

interface Hostile {
  readonly what: string;
  readonly file: () => string | Uint8Array;
  /** What becomes of it: the answer's status, and words in it. */
  readonly status: number;
  readonly says: string;
  readonly to?: "codes";
}

/** Files that cost a reader most. */
const hostile: readonly Hostile[] = [
  {
    what: "commas alone",
    file: () => ",".repeat(long),
    status: 422,
    says: "row 1 is longer than 1,000,000 characters",
  },
  { what: "commas as codes", file: () => ",".repeat(long), status: 200, says: '"refused":1', to: "codes" },
  {
    what: "30,000 consents",
    file: () => `externalId${consents}\n`,
    status: 422,
    says: "row 1 has more than 1,000 cells",
  },
  { what: "a row of commas", file: () => `externalId\n${",".repeat(long)}\nkim1`, status: 200, says: '"created":1' },
  { what: "one long cell", file: () => `externalId\n${"x".repeat(long)}\nkim2`, status: 200, says: '"created":1' },
  { what: "an open quote", file: () => `externalId\n"${"x".repeat(long)}\nkim3`, status: 200, says: '"created":1' },
  { what: "quotes alone", file: () => `externalId\n${'"'.repeat(long)}\nkim4`, status: 200, says: '"created":1' },
  {
    what: "line ends",
    file: () => `externalId${"\n".repeat(long)}`,
    status: 200,
    says: "10,000,000 rows that one file",
  },
  {
    what: "a quote a row",
    file: () => `externalId,level\n${'"x,1\n'.repeat(4e4)}`,
    status: 200,
    says: '"faulty":40000',
  },
  {
    what: "no encoding",
    file: () => new Uint8Array(long).fill(0xff),
    status: 422,
    says: "has bytes that are not UTF-8",
  },
  { what: "one id for ever", file: () => `externalId\n${"kim5\n".repeat(5_000)}`, status: 200, says: '"rows":5000' },
];

const cleanup: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of cleanup.reverse()) await stop();
});

async function startShop() {
  const [dataDir, port] = [tempDir(), freePort()];
  const db = await openTestDatabase(join(dataDir, "fanfare.db"));
  const ctx = testContext(db);
  const { token } = accepted(await createToken(ctx, { kind: "operator", name: "editor", role: "editor" }));
  const { id } = await addTemplate({ db }, { codeMode: "POOL" });
  await db.close();
  const script = join(import.meta.dir, "../support/fault-server.ts");
  const child = Bun.spawn([process.execPath, script, dataDir, String(port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  cleanup.push(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  const url = `http://127.0.0.1:${port}`;
  await until(
    () =>
      fetch(`${url}/livez`).then(
        ({ ok }) => ok,
        () => false,
      ),
    20_000,
    "the server to live",
  );
  const memory = async () => {
    const status = await Bun.file(`/proc/${child.pid}/status`).text();
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
  };
  return { url, token, memory, template: idOf("CouponTemplate", id) };
}

interface Cost {
  readonly longestMs: number;
  readonly grownMiB: number;
}

/** How long the longest of others waits, asking every 20 ms while something is done, and what it costs in MiB. */
async function whileAsking<T>(shop: Awaited<ReturnType<typeof startShop>>, work: Promise<T>) {
  const before = await shop.memory();
  let [longestMs, peak, isDone] = [0, before, false];
  const asking = (async () => {
    while (!isDone) {
      const began = performance.now();
      await fetch(`${shop.url}/livez`);
      longestMs = Math.max(longestMs, performance.now() - began);
      peak = Math.max(peak, await shop.memory());
      await Bun.sleep(20); // the rhythm of the other client
    }
  })();
  const answer = await work;
  isDone = true;
  await asking;
  return { answer, longestMs: Math.round(longestMs), grownMiB: Math.round(peak - before) };
}

// It takes the machine's breath for half a minute, and measures it.
test.if(isLong)(
  "files made to hold the process are refused, or read, while others wait 100 ms at most and memory stays",
  async () => {
    const shop = await startShop();
    const path = join(tempDir(), "hostile.csv");
    const post = async (address: string): Promise<{ readonly status: number; readonly text: string }> => {
      const script = join(import.meta.dir, "../support/post-file.ts");
      const command = [process.execPath, script, `${shop.url}${address}`, shop.token, path];
      const client = Bun.spawn(command, { stdio: ["ignore", "pipe", "inherit"] });
      return new Response(client.stdout).json();
    };
    await Bun.write(path, "externalId\nwarm\n");
    await post("/imports");
    // What a busy machine makes anybody wait for, when no file is read.
    const idle = await whileAsking(shop, Bun.sleep(3_000));
    const codes = `/code-pools?template=${encodeURIComponent(shop.template)}`;
    const costs: (Cost & { readonly what: string })[] = [];
    for (const { what, file, status, says, to = "/imports" } of hostile) {
      await Bun.write(path, file());
      const { answer, ...cost } = await whileAsking(shop, post(to === "codes" ? codes : to));
      console.log(`${what}: others wait ${cost.longestMs} ms, memory grows by ${cost.grownMiB} MiB`);
      expect([what, answer.status]).toEqual([what, status]);
      expect(answer.text).toInclude(says);
      costs.push({ what, ...cost });
    }
    // The reader itself takes half of it; what else there is depends on when memory is swept.
    expect(costs.filter(({ longestMs, grownMiB }) => longestMs > 100 + idle.longestMs || grownMiB > 100)).toEqual([]);
  },
  300_000,
);
