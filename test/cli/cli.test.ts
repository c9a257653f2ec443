import { afterEach, expect, mock, spyOn, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { parse, validate } from "graphql";
import { version } from "../../package.json";
import { demoEnv } from "../../src/cli/demo-env.ts";
import { openExisting } from "../../src/cli/offline.ts";
import { UsageError } from "../../src/cli/options.ts";
import { openDatabase } from "../../src/db/client.ts";
import { domains } from "../../src/domains.ts";
import { readEnv } from "../../src/env.ts";
import { readManifest } from "../../src/schema/server/document-manifest.ts";
import { buildSchemas } from "../../src/schema/server/schemas.ts";
import { realWorld } from "../../src/world.ts";
import { bytesIn } from "../support/encoded.ts";
import { checkout, ended, fanfare, installation, spawn } from "../support/fanfare.ts";
import { tempDir } from "../support/temp.ts";

afterEach(() => mock.restore());

test("the demo reaches every member once, adds up, and says so in its last line", async () => {
  const { out, err, exit } = await fanfare(["demo", "--exit", "--json", "--members", "200"]);
  expect(exit).toBe(0);
  const summary = JSON.parse(out.trim().split("\n").at(-1) ?? "");
  const { matched, sent, skipped, failed, cancelled, unknown } = summary;
  expect(summary).toMatchObject({ members: 200, matched: 400, duplicates: 0, failed: 0, cancelled: 0, unknown: 0 });
  expect(sent + skipped + failed + cancelled + unknown).toBe(matched);
  expect(summary.messages).toBeLessThan(40);
  expect(err).toContain("promotion 100%");
  expect(out).toContain("claimed 40/40 · oversold 0 · duplicates 0");
  expect(out).toMatch(/in en:\n {2}Spring sale.*€30 off from €200.*€100 off from €500.* EST/s);
  expect(out).toMatch(/in zh-CN:\n {2}Spring sale.*满€200减€30；满€500减€100.*退订/s);
  expect(out).toMatch(/^order-1: paid €250, promised 1 coupon ".*", complete · in the wallet: 1, code 10\w+-/m);
  expect(summary.order).toMatchObject({ earned: 1, given: 1 });
  expect(summary.sale).toMatchObject({ stock: 40, claimed: 40, answers: { Coupon: 40, SoldOut: 160 } });
}, 120_000);

test("documents makes a manifest of what stands in files, and names what is at fault", async () => {
  const dir = tempDir();
  const write = (name: string, text: string) => Bun.write(join(dir, name), text);
  await write(
    "wallet.graphql",
    "query Wallet { myCoupons(status: USED) { nodes { ...Kept } } } query Who { viewer { kind } }",
  );
  await write("deep/kept.gql", "fragment Kept on Coupon { id state }");
  const manifest = join(dir, "m.json");
  const { documents } = await import("../../src/cli/documents.ts");
  const said: string[] = [];
  spyOn(console, "log").mockImplementation((line) => void said.push(String(line)));
  await documents([dir, "--out", manifest, "--format", "apollo"]);
  await documents([manifest, "--check"]);
  expect(said).toEqual([`${manifest}: 2 documents`, "2 documents, all valid"]);
  const read = readManifest(await Bun.file(manifest).text(), "m.json");
  const { operations } = await Bun.file(manifest).json();
  expect(operations.map(({ name, type }: { name: string; type: string }) => [name, type])).toEqual([
    ["Wallet", "query"],
    ["Who", "query"],
  ]);
  expect(read.find({ documentId: operations[0].id } as object)).toMatchObject({
    text: expect.stringContaining("fragment Kept on Coupon"),
  });
  await write("wrong.graphql", "query Wrong { viewer { kind } nope }");
  await expect(documents([dir])).rejects.toThrow(/wrong\.graphql: Wrong, at `nope`: Cannot query field "nope"/);
  await write("wrong.graphql", "query Wrong {");
  await expect(documents([dir])).rejects.toThrow(/wrong\.graphql.*Syntax Error/);
  await write("wrong.graphql", "{ viewer { kind } }");
  await expect(documents([dir])).rejects.toThrow("an operation has no name");
  await write("wrong.graphql", "query Who { viewer { kind } }");
  await expect(documents([dir])).rejects.toThrow("a second");
  await expect(documents([])).rejects.toThrow("Name the files");
  await expect(documents([join(dir, "none")])).rejects.toThrow("There is no ");
  await expect(documents([join(dir, "none.json")])).rejects.toThrow("There is no ");
  await Bun.write(manifest, JSON.stringify({ [`sha256:${"a".repeat(64)}`]: "query Who { viewer { kind } }" }));
  await expect(documents([manifest, "--check"])).rejects.toThrow("is not the SHA-256 of its text");
});

test("every command says what it is when asked, does nothing else, and refuses what it does not know", async () => {
  const { serve } = await import("../../src/cli/serve.ts");
  const { demo } = await import("../../src/cli/demo.ts");
  const { token } = await import("../../src/cli/token.ts");
  const { importFile } = await import("../../src/cli/import.ts");
  const { broker } = await import("../../src/cli/broker.ts");
  const { docs } = await import("../../src/cli/docs.ts");
  const { schema } = await import("../../src/cli/schema.ts");
  const said = spyOn(console, "log").mockImplementation(() => {});
  for (const [name, command] of Object.entries({ serve, demo, token, import: importFile, broker, docs, schema })) {
    await command(["--help"]);
    expect(said.mock.lastCall?.[0]).toStartWith(`fanfare ${name}`);
    await command(["-h", "--surely-not"]);
    expect(said.mock.lastCall?.[0]).toStartWith(`fanfare ${name}`);
    const hint = `\n\`fanfare ${name} --help\` says what it takes.`;
    await expect(command(["--port", "1"])).rejects.toThrow(`Unknown option '--port'.${hint}`);
    await expect(command(["one", "two", "three"])).rejects.toThrow(/^Nothing is known of .*"three"/);
  }
  await expect(token(["operator", "--name", "ops", "--role", "king"])).rejects.toThrow(UsageError);
  await expect(demo(["--members", "many"])).rejects.toThrow("--members takes a whole number");
  await expect(importFile(["members.csv", "--map", "email"])).rejects.toThrow("it takes HEADING=FIELD");
});

test("what is not understood ends with status 2 before anything is made, and --version tells the version", async () => {
  const DATA_DIR = join(tempDir(), "data");
  const [served, known, mistyped] = await Promise.all([
    ended(spawn([process.execPath, join(checkout, "src/main.ts"), "--port", "4000"], { DATA_DIR })),
    fanfare(["--version"]),
    fanfare(["dmeo"]),
  ]);
  expect(served).toMatchObject({ exit: 2, out: "", err: expect.stringContaining("'--port'") });
  expect(known).toEqual({ exit: 0, err: "", out: `fanfare ${version} (Bun ${Bun.version})\n` });
  expect(mistyped).toMatchObject({ exit: 2, err: expect.stringContaining('There is no command "dmeo"') });
  expect(existsSync(DATA_DIR)).toBe(false);
});

test("an environment that is not fit to start is told whole, without a stack", async () => {
  const { err, exit } = await fanfare(["token", "member", "x"], { PORT: "high", QSTASH_TOKEN: "t" });
  expect(exit).toBe(1);
  expect(err).toMatch(/^ {2}- PORT: /m);
  expect(err).not.toContain("    at ");
});

test("tokens are minted on the machine, alone on standard output", async () => {
  const DATA_DIR = await installation();
  const env = { DATA_DIR, QSTASH_DEV: "true" };
  const operator = await fanfare(["token", "operator", "--name", "ops", "--role", "editor", "--shop", "berlin"], env);
  // The directory is all that is said beside them: nothing of an SDK that misses a token.
  const err = `Data directory: ${DATA_DIR}\n`;
  expect(operator).toEqual({ exit: 0, err, out: expect.stringMatching(/^ff_op_\S+\n$/) });
  const db = await openDatabase({ url: `file:${join(DATA_DIR, "fanfare.db")}` }, realWorld);
  const shops = await db.all<object>({ sql: "SELECT shop FROM operator WHERE name = 'ops'", args: [] });
  await db.close();
  expect(shops).toEqual([{ shop: "berlin" }]);
});

test("bin/fanfare means the checkout's data from wherever it is called, and makes no new installation", async () => {
  const [elsewhere, missing, installed] = [tempDir(), join(tempDir(), "data"), await installation()];
  const service = ["token", "service", "--name", "shop", "--scope", "members:write"];
  const mint = (DATA_DIR: string) => ended(spawn([join(checkout, "bin/fanfare"), ...service], { DATA_DIR }, elsewhere));
  const [refused, minted] = await Promise.all([
    mint(relative(checkout, missing)), // what is relative is counted from the checkout
    mint(relative(checkout, installed)),
  ]);
  expect(refused).toMatchObject({ exit: 1, out: "", err: expect.stringContaining(`no installation in ${missing}`) });
  const out = expect.stringMatching(/^ff_sv_\S+\n$/);
  expect(minted).toEqual({ exit: 0, err: `Data directory: ${installed}\n`, out });
  expect([readdirSync(elsewhere), existsSync(missing)]).toEqual([[], false]);
});

test("a command on an installation leaves a database that is not Fanfare's as it is", async () => {
  const [dataDir, path] = [await installation(), join(tempDir(), "mistyped.db")];
  const opened = openExisting(readEnv({ DATA_DIR: dataDir, DATABASE_URL: `file:${path}` }));
  await expect(opened).rejects.toThrow(`${path} holds nothing of Fanfare: start the server there first.`);
  expect(existsSync(path)).toBe(false);
});

test("the demo heeds settings such as the port, and never the shop's database, queue and providers", () => {
  const shops = { DATABASE_URL: "https://shop.example", RESEND_API_KEY: "re_1", EMAIL_FROM: "news@shop.example" };
  const { env, unheeded } = demoEnv(tempDir(), true, { ...shops, DATA_DIR: "data", PORT: "4110", PAGE_SIZE: "50" });
  expect([env.PORT, env.DATABASE_URL, env.RESEND_API_KEY]).toEqual([4110, undefined, undefined]);
  expect(unheeded).toEqual(["DATABASE_URL", "RESEND_API_KEY", "EMAIL_FROM", "DATA_DIR"]);
  const several = {
    BROKER: "own-process",
    BROKER_PORT: "3001",
    PORT_SHARED: "1",
    DOCUMENTS: "{}",
    DOCUMENTS_ONLY: "1",
  };
  const alone = demoEnv(tempDir(), true, several).env;
  expect([alone.BROKER, alone.PORT_SHARED, alone.DOCUMENTS, alone.DOCUMENTS_ONLY]).toEqual([
    "in-process",
    false,
    undefined,
    false,
  ]);
});

test("an import takes the shop's own headings, and tells the encoding it guessed and the first faults", async () => {
  const path = join(tempDir(), "members.csv");
  const rows = Array.from({ length: 12 }, (_, n) => `b${n},not an address,1,für niemand`);
  const text = ["No.,E-Mail,level,Notes", "a,a@example.com,1,hush", ...rows].join("\n");
  await Bun.write(path, bytesIn("windows-1252", text));
  const named = ["--map", "No.=externalId", "--map", "E-Mail=email", "--skip", "Notes"];
  const { out } = await fanfare(["import", path, ...named], { DATA_DIR: await installation() });
  const [sums, guess, ...told] = out.trim().split("\n");
  expect(sums).toBe("13 rows: 1 created, 0 updated, 0 unchanged, 12 faulty");
  expect(guess).toBe("The file does not say its encoding: it was taken for windows-1252. --encoding says another.");
  expect(told).toHaveLength(11);
  expect(told[0]).toStartWith("  row 3, column 2: ");
  const [, query = ""] = /^ {2}… and 2 more; at \/graphql: (.*)$/.exec(told[10] ?? "") ?? [];
  expect(validate(buildSchemas(domains).operators, parse(query))).toEqual([]);
});
