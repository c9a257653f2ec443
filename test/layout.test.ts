import { expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";
import { Glob } from "bun";

const src = join(import.meta.dir, "../src");

/** The domains, lowest first: each may import those before it. */
const domains = [
  "transition",
  "schedule",
  "rule",
  "discount",
  "reward",
  "member",
  "behaviour",
  "persona",
  "webhook",
  "gift",
  "experiment",
  "promotion",
  "coupon",
  "points",
  "credit",
  "lottery",
  "checkout",
  "referral",
  "recommend",
  "campaign",
  "distribution",
  "trigger",
  "analytics",
  "operations",
];

/** What the other folders may import, besides themselves. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  env: ["secrets"],
  secrets: ["errors"],
  errors: [],
  db: ["errors"],
  redis: ["errors"],
  queue: ["db", "errors"],
  "queue/broker": [],
  channels: ["errors"],
  actor: [],
  audience: ["errors"],
  context: ["actor", "audience", "errors", "db", "queue", "channels"],
  idempotency: ["actor", "errors", "context", "db"],
  log: ["context"],
  web: ["context"],
  schema: [...domains, "actor", "audience", "context", "errors", "idempotency"],
  jobs: [...domains, "actor", "channels", "queue", "context", "errors"],
};
/** The contract of the channels: the catalogue is pure data, the other is types alone. Everyone may know it, nobody the senders. */
const contract = ["channels/catalog", "channels/channel"];
/** The composition root and what only it uses: anything may be imported here, and nobody imports them. */
const top = ["app", "main", "cli", "domains", "routes", "settings"];
interface Import {
  readonly from: string;
  readonly to: string;
  readonly file: string;
}

/** The room of a file: its folder under src, the broker apart, or the file itself where it lies in src. */
function roomOf(path: string): string {
  if (path.startsWith("queue/broker/")) return "queue/broker";
  return path.includes("/") ? (path.split("/")[0] ?? "") : path.replace(/\.ts$/, "");
}

async function imports(): Promise<Import[]> {
  const found: Import[] = [];
  for (const file of new Glob("**/*.ts").scanSync(src)) {
    const text = await Bun.file(join(src, file)).text();
    for (const [, target = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      const path = normalize(join(dirname(file), target));
      const to = contract.includes(path.replace(/\.ts$/, "")) ? "contract" : roomOf(path);
      found.push({ from: roomOf(file), to, file: `${file} → ${target}` });
    }
  }
  return found;
}

function mayImport({ from, to }: Import): boolean {
  if (from === to || to === "contract") return true;
  if (top.includes(to)) return top.includes(from);
  if (top.includes(from)) return true;
  if (domains.includes(from)) {
    const lower = domains.slice(0, domains.indexOf(from));
    return [...lower, "actor", "audience", "db", "redis", "queue", "context", "errors", "idempotency", "web"].includes(to);
  }
  return allowed[from]?.includes(to) ?? false;
}

test("no folder imports what the layout forbids it", async () => {
  const all = await imports();
  expect(all.length).toBeGreaterThan(300);
  expect(all.filter((each) => !mayImport(each)).map(({ file }) => file)).toEqual([]);
});

test("the broker imports nothing of ours", async () => {
  const all = await imports();
  expect(all.filter(({ from, to }) => from === "queue/broker" && to !== "queue/broker")).toEqual([]);
});

test("only env.ts reads the environment", async () => {
  const readers: string[] = [];
  for (const file of new Glob("**/*.ts").scanSync(src)) {
    if (/\b(Bun|process)\.env\b/.test(await Bun.file(join(src, file)).text())) readers.push(file);
  }
  expect(readers).toEqual(["env.ts"]);
});

test("tests stand beside the rooms they test", () => {
  const rooms = [...new Glob("*").scanSync({ cwd: join(src, "../test"), onlyFiles: false })].filter(
    (name) => !name.includes("."),
  );
  const known = [
    "support",
    "flow",
    "fault",
    "fixtures",
    "cli",
    ...new Set([...new Glob("*/*.ts").scanSync(src)].map((file) => dirname(file))),
  ];
  expect(rooms.filter((room) => !known.includes(room))).toEqual([]);
});
