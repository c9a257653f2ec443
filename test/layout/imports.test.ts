import { expect, test } from "bun:test";
import { codeOf, type Import, imports, sources } from "./source.ts";

/** The domains, lowest first: each may import those before it. Those that are still to come have their place, too. */
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
  "lifecycle",
  "hotgoods",
  "distribution",
  "trigger",
  "analytics",
  "operations",
];

/** What every domain may import besides the domains before it. */
const floors = [
  "actor",
  "ask-together",
  "audience",
  "context",
  "cron",
  "db",
  "errors",
  "figures",
  "file",
  "foreign-json",
  "giving",
  "idempotency",
  "ids",
  "input",
  "language",
  "maybe-promise",
  "memory",
  "moment",
  "money",
  "queue",
  "redis",
  "settings-slice",
  "shop",
  "timed",
  "value",
  "web",
  "world",
];

/** What the other folders and files may import, besides themselves. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  actor: ["language"],
  installation: [],
  cron: [],
  errors: [],
  figures: [],
  "foreign-json": [],
  giving: ["db"],
  world: [],
  ids: [],
  input: ["errors"],
  language: [],
  "maybe-promise": [],
  memory: [],
  moment: [],
  money: [],
  "settings-slice": ["channels"],
  secrets: ["data-dir", "errors"],
  shop: ["actor", "errors", "value"],
  timed: [],
  value: [],
  "data-dir": ["errors"],
  file: ["errors", "value", "world"],
  "ask-together": ["world"],
  "env-values": ["value"],
  "env-variables": ["env-values", "secrets", "value"],
  "env-rules": ["env-values", "env-variables"],
  env: ["data-dir", "env-rules", "env-variables", "input", "installation", "secrets"],
  audience: ["errors", "input"],
  db: ["errors", "installation", "world"],
  redis: ["errors", "maybe-promise", "memory", "world"],
  queue: ["db", "errors", "foreign-json", "world"],
  "queue/broker": ["cron"],
  channels: ["errors", "foreign-json", "world"],
  context: [
    "actor",
    "audience",
    "channels",
    "db",
    "errors",
    "figures",
    "giving",
    "memory",
    "queue",
    "settings-slice",
    "timed",
    "world",
  ],
  idempotency: ["actor", "errors", "context", "db"],
  log: ["context", "log-sink"],
  "log-sink": [],
  starting: ["world"],
  web: ["context", "errors", "language", "maybe-promise", "world"],
  schema: [
    ...domains,
    "actor",
    "audience",
    "context",
    "errors",
    "idempotency",
    "ids",
    "language",
    "maybe-promise",
    "money",
    "shop",
    "value",
    "web",
    "world",
  ],
  jobs: [...domains, "actor", "channels", "context", "errors", "foreign-json", "queue", "web", "world"],
};

/**
 * The contract of the channels: the catalogue is pure data, one is types alone, and the others say of a text what comes
 * of it on its way. Everyone may know it, nobody the senders.
 */
const contract = ["catalog", "channel", "chinese-text", "provider-template", "rendered", "segments"].map(
  (name) => `channels/${name}.ts`,
);
/** The composition root and what only it uses: anything may be imported here, and nobody imports them. */
const top = ["app", "main", "cli", "domains", "own-broker", "parts", "routes", "settings", "start-fault"];

/** The room of a file: its folder under src, the broker apart, or the file itself where it lies in src. */
function roomOf(path: string): string {
  if (path.startsWith("queue/broker/")) return "queue/broker";
  return path.includes("/") ? (path.split("/")[0] ?? "") : path.replace(/\.ts$/, "");
}

function mayImport({ from: file, to: target }: Import): boolean {
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from === to || contract.includes(target)) return true;
  if (top.includes(to)) return top.includes(from);
  if (top.includes(from)) return true;
  if (!domains.includes(from)) return allowed[from]?.includes(to) ?? false;
  return floors.includes(to) || domains.slice(0, domains.indexOf(from)).includes(to);
}

const inWords = ({ from, to }: Import) => `${from} → ${to}`;

test("no folder imports what the layout forbids it", () => {
  expect(imports.length).toBeGreaterThan(1_000);
  expect(imports.filter((each) => !mayImport(each)).map(inWords)).toEqual([]);
});

test("nothing inside a domain imports its manifest", () => {
  const manifest = /^[^/]+\/domain\.ts$/;
  expect(imports.filter(({ from, to }) => manifest.test(to) && from !== "domains.ts").map(inWords)).toEqual([]);
});

test("the list of domains is in their order", async () => {
  const { domains: installed } = await import("../../src/domains.ts");
  const names = installed.map(({ name }) => name);
  expect(names).toEqual(domains.filter((name) => names.includes(name)));
});

test("only env.ts reads the environment", () => {
  expect(sources.filter(({ text }) => /\b(Bun|process)\.env\b/.test(text)).map(({ path }) => path)).toEqual(["env.ts"]);
});

test("no file is longer than 250 lines", () => {
  expect(sources.filter(({ text }) => text.split("\n").length > 251).map(({ path }) => path)).toEqual([]);
});

/** What serves all domains, and walks their list. */
const general = [
  /^operations\//,
  /^jobs\/(job|route|schedules|watch|consumer|signature|read-body)\.ts$/,
  /^webhook\/told\.ts$/,
  /^member\/privacy\.ts$/,
  /^(log|settings|settings-slice|routes|app|memory|idempotency)\.ts$/,
];
const isGeneral = (path: string) => general.some((pattern) => pattern.test(path));

test("the parts that serve all domains import none", () => {
  const others = domains.filter((name) => !["operations", "webhook", "member", "transition"].includes(name));
  const naming = imports.filter(({ from, to }) => isGeneral(from) && others.includes(roomOf(to)));
  expect(naming.map(inWords)).toEqual([]);
});

test("the parts that serve all domains name none", () => {
  const names = /\b(coupon|campaign|promotion|checkout|discount|segment)s?\b/i;
  const naming = sources
    .filter(({ path }) => isGeneral(path) && !/^operations\/sandbox\.ts$/.test(path)) // its providers know runs by name
    .flatMap((file) =>
      codeOf(file)
        .split("\n")
        .map((line) => `${file.path}: ${line.trim()}`),
    )
    .filter((line) => names.test(line.slice(line.indexOf(":"))));
  expect(naming).toEqual([]);
});
