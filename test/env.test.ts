import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Env, EnvError, readEnv } from "../src/env.ts";
import { SetupError } from "../src/errors.ts";
import { channelSettings, databaseSettings } from "../src/settings.ts";
import { tempDir } from "./support/temp.ts";

type Source = Readonly<Record<string, string>>;

const read = (source: Source = {}): Env => readEnv({ DATA_DIR: tempDir(), ...source });

/** What the environment is refused for; nothing when it is taken. */
function faults(source: Source): readonly string[] {
  try {
    read(source);
    return [];
  } catch (error) {
    if (error instanceof EnvError) return error.faults;
    throw error;
  }
}

/** The variables that the faults are about. */
const blamed = (source: Source) => faults(source).flatMap((fault) => fault.replace(/:.*/s, "").split(", "));

function file(text: string): string {
  const path = join(tempDir(), "secret");
  writeFileSync(path, text);
  return path;
}

const strong = "x".repeat(32);

describe("an environment", () => {
  test("may be empty", () => {
    const dir = tempDir();
    const { HOST, PORT, dataDir, production, ALLOW } = readEnv({ DATA_DIR: dir });
    expect({ HOST, PORT, dataDir, production, ALLOW }).toEqual({
      HOST: "127.0.0.1",
      PORT: 3000,
      dataDir: dir,
      production: false,
      ALLOW: [],
    });
  });

  test("counts empty variables as absent", () => {
    expect(read({ PORT: "", PUBLIC_URL: "", EMAIL_FROM: "", RESEND_API_KEY: "", LINK_SECRET_FILE: "" })).toMatchObject({
      PORT: 3000,
    });
  });

  test("is told every fault at once, whatever their kind", () => {
    const dir = tempDir();
    const source = {
      DATA_DIR: join(dir, "not-made"),
      NODE_ENV: "production",
      PORT: "99999",
      ALLOW: "sandbox, sandcastle",
      SHOP_TIME_ZONE: "Mars/Olympus",
      LINK_SECRET: "short",
      MEMBER_JWT_SECRET_FILE: join(dir, "missing"),
      EMAIL_FROM: "nobody",
      REDIS_URL: "redis://127.0.0.1",
      UPSTASH_REDIS_REST_URL: "https://redis.example",
      BROKER: "own-process",
    };
    expect(blamed(source).sort()).toEqual([
      "ALLOW",
      "BROKER_PORT",
      "EMAIL_FROM",
      "LINK_SECRET",
      "MEMBER_JWT_SECRET",
      "MEMBER_JWT_SECRET_FILE",
      "PORT",
      "PUBLIC_URL",
      "QSTASH_TOKEN",
      "REDIS_URL",
      "RESEND_API_KEY",
      "SHOP_TIME_ZONE",
      "UPSTASH_REDIS_REST_TOKEN",
    ]);
    expect(() => readEnv(source)).toThrow(
      /^The environment is not fit to start:\n( {2}- [A-Z_, ]+: \S.*\n){12} {2}- [A-Z_, ]+: \S.*$/,
    );
    expect(existsSync(source.DATA_DIR)).toBe(false);
  });

  test("counts relative paths from the checkout, wherever somebody stands", () => {
    const [dir, secret] = [tempDir(), file(`${strong}\n`)];
    const near = (path: string) => relative(join(import.meta.dir, ".."), path);
    const env = readEnv({ DATA_DIR: near(dir), LINK_SECRET_FILE: near(secret), DATABASE_URL: "file:kept/x.db" });
    expect([env.dataDir, env.secrets.linkSecret]).toEqual([dir, strong]);
    expect(databaseSettings(env).url).toBe(`file:${join(import.meta.dir, "../kept/x.db")}`);
    expect(databaseSettings({ ...env, DATABASE_URL: "file:/srv/x.db" }).url).toBe("file:/srv/x.db");
    expect(databaseSettings({ ...env, DATABASE_URL: undefined }).url).toBe(`file:${dir}/fanfare.db`);
  });

  test("quotes no secret in its faults", () => {
    const source = { LINK_SECRET: "hunter2", TWILIO_FROM: "hunter2hunter2", DATABASE_URL: "hunter2" };
    expect(faults(source)).toHaveLength(4);
    expect(faults(source).join()).not.toContain("hunter2");
  });
});

describe("a variable in a file", () => {
  test("is read without the blanks around it", () => {
    expect(read({ LINK_SECRET_FILE: file(` ${strong}\n`), PORT_FILE: file("8080\n") })).toMatchObject({
      PORT: 8080,
      secrets: { linkSecret: strong },
    });
  });

  test("must not be set beside it, missing, empty or a directory", () => {
    expect(faults({ PORT: "1", PORT_FILE: file("2") })).toEqual(["PORT: both PORT and PORT_FILE are set"]);
    for (const path of [join(tempDir(), "missing"), file(" \n"), tempDir()])
      expect(faults({ LINK_SECRET_FILE: path })).toEqual([`LINK_SECRET_FILE: there is nothing to be read in ${path}`]);
  });

  test("is checked as if it were set", () => {
    expect(faults({ LINK_SECRET_FILE: file("short") })).toEqual(["LINK_SECRET: at least 32 characters"]);
  });
});

describe("who messages come from", () => {
  const email = (EMAIL_FROM: string) => blamed({ RESEND_API_KEY: "re_1", EMAIL_FROM });
  const sms = (TWILIO_FROM: string) => blamed({ TWILIO_ACCOUNT_SID: "AC1", TWILIO_AUTH_TOKEN: "t", TWILIO_FROM });

  test.each([
    "news@shop.example",
    "Shop <news@shop.example>",
    "Müller & Söhne 商店 <news@shop.example>",
    '"Shop, Inc." <news@shop.example>',
    "<news@shop.example>",
  ])("an e-mail may come from %s", (from) => {
    expect(email(from)).toEqual([]);
    expect(blamed({ EMAIL_REPLY_TO: from })).toEqual([]);
  });

  test.each([
    "news",
    "news@shop",
    "Shop news@shop.example",
    "Shop <news>",
    "Shop <news@shop.example",
    "Shop, Inc. <news@shop.example>",
    "a@shop.example, b@shop.example",
    "Shop\r\nBcc: all@shop.example <news@shop.example>",
    '"Shop" "two" <news@shop.example>',
  ])("an e-mail does not come from %p", (from) => {
    expect(faults({ EMAIL_REPLY_TO: from })).toEqual([expect.stringMatching(/^EMAIL_REPLY_TO: ".+" is no e-mail/s)]);
    expect(email(from)).toEqual(["EMAIL_FROM"]);
  });

  test.each([
    "+15005550006",
    "+1 (500) 555-0006",
    `MG${"0a".repeat(16)}`,
    "MyShop",
    "Shop 24-7",
    "A".repeat(11),
    "12345",
  ])("a text message may come from %s", (from) => expect(sms(from)).toEqual([]));

  test.each(["15005550006", "+0123456789", "+1234567890123456", `MG${"0".repeat(31)}`, "MyShopIsGreat", "Café", "-"])(
    "a text message does not come from %s",
    (from) => expect(sms(from)).toEqual(["TWILIO_FROM"]),
  );
});

describe("variables that belong together", () => {
  test.each([
    ["EMAIL_FROM: missing, while RESEND_API_KEY is set", { RESEND_API_KEY: "re_1" }],
    ["TWILIO_ACCOUNT_SID, TWILIO_FROM: missing, while TWILIO_AUTH_TOKEN is set", { TWILIO_AUTH_TOKEN: "t" }],
    [
      "QSTASH_CURRENT_SIGNING_KEY: missing, while QSTASH_TOKEN, QSTASH_NEXT_SIGNING_KEY is set",
      { QSTASH_TOKEN: "q", QSTASH_NEXT_SIGNING_KEY: "n" },
    ],
    ["UPSTASH_REDIS_REST_URL: missing, while UPSTASH_REDIS_REST_TOKEN is set", { UPSTASH_REDIS_REST_TOKEN: "u" }],
  ])("are missed: %s", (fault, source) => {
    expect(faults({ ...source })).toContain(fault);
  });

  test("of several servers on one port: a port that all of them name, and a queue that is nobody's alone", () => {
    const queue = { BROKER: "own-process", BROKER_PORT: "8081" };
    expect(faults({ PORT_SHARED: "1" })).toEqual([expect.stringContaining("PORT_SHARED: needs BROKER=own-process")]);
    expect(blamed({ PORT_SHARED: "yes", PORT: "0", ...queue })).toEqual(["PORT"]);
    expect(read({ PORT_SHARED: "1", PORT: "8080", ...queue }).PORT_SHARED).toBe(true);
    expect(blamed({ PORT_SHARED: "no", PORT: "0" })).toEqual([]);
  });

  test("make a channel real, all of them together; the others go to the sandbox", () => {
    const { providers } = channelSettings(read({ RESEND_API_KEY: "re_1", EMAIL_FROM: "news@shop.example" }));
    expect(providers).toMatchObject({ EMAIL: { apiKey: "re_1", from: "news@shop.example" }, SMS: undefined });
  });
});

describe("production", () => {
  test("takes members' keys and makes links over https alone, unless they stay on this machine", () => {
    const keys = (at: string) => ({ NODE_ENV: "production", MEMBER_JWT_JWKS_URL: at, PUBLIC_URL: at });
    const about = (at: string) => faults(keys(at)).filter((fault) => /must be https/.test(fault));
    expect(about("http://id.shop.example/keys")).toEqual([
      "PUBLIC_URL: must be https:// in production",
      "MEMBER_JWT_JWKS_URL: must be https:// in production",
    ]);
    for (const fine of ["https://id.shop.example/keys", "http://127.0.0.1:8080/keys", "http://localhost"])
      expect(about(fine)).toEqual([]);
    expect(faults({ MEMBER_JWT_JWKS_URL: "http://id.shop.example/keys" })).toEqual([]);
  });

  const needed = { NODE_ENV: "production", PUBLIC_URL: "https://shop.example/", LINK_SECRET: strong };
  const members = { MEMBER_JWT_JWKS_URL: "https://shop.example/jwks" };
  const queue = { QSTASH_TOKEN: "q", QSTASH_CURRENT_SIGNING_KEY: "c", QSTASH_NEXT_SIGNING_KEY: "n" };
  const allowed = { ALLOW: "sandbox, embedded-broker" };

  test("refuses what is fine for a try: missing secrets, the sandbox, the embedded broker", () => {
    const all = faults({ NODE_ENV: "production" });
    for (const name of ["PUBLIC_URL", "LINK_SECRET", "MEMBER_JWT_SECRET", "QSTASH_TOKEN", "RESEND_API_KEY"])
      expect(all.join("\n")).toMatch(new RegExp(`^${name}\\b.*: required in production`, "m"));
    for (const channel of ["EMAIL", "SMS", "PUSH"])
      expect(all.join("\n")).toContain(`${channel} would go to the sandbox`);
  });

  test("takes the sandbox and the embedded broker where ALLOW names them, and only those", () => {
    expect(faults({ ...needed, ...members, ...allowed })).toEqual([]);
    expect(blamed({ ...needed, ...members, ALLOW: "sandbox" })).toEqual(["QSTASH_TOKEN"]);
    expect(blamed({ ...needed, ...members, ...queue, ALLOW: "embedded-broker" })).toContain("RESEND_API_KEY");
    expect(blamed({ ...needed, ...allowed })).toEqual(["MEMBER_JWT_SECRET"]);
    expect(faults({ ...needed, ...members, ALLOW: "sandbox,everything" })[0]).toBe(
      "ALLOW: a list of sandbox, embedded-broker",
    );
  });

  test("refuses addresses without https that members or their tokens depend on, but for this machine's own", () => {
    const open = { PUBLIC_URL: "http://shop.example", MEMBER_JWT_JWKS_URL: "http://shop.example/jwks" };
    expect(blamed({ ...needed, ...members, ...allowed, ...open })).toEqual(["PUBLIC_URL", "MEMBER_JWT_JWKS_URL"]);
    expect(faults({ ...needed, ...members, ...allowed, PUBLIC_URL: "http://127.0.0.1:3000" })).toEqual([]);
  });

  test("is content with secrets, QStash and a provider for each channel that is not in the sandbox", () => {
    const env = read({ ...needed, MEMBER_JWT_SECRET: strong, ...queue, ALLOW: "sandbox" });
    expect(env).toMatchObject({ production: true, PUBLIC_URL: "https://shop.example", ALLOW: ["sandbox"] });
    expect(env.secrets).toMatchObject({ linkSecret: strong, currentSigningKey: "c", nextSigningKey: "n" });
  });
});

describe("the secrets of a local installation", () => {
  test("are made once, for their owner's eyes only, and used again", () => {
    const DATA_DIR = join(tempDir(), "data");
    const { secrets } = readEnv({ DATA_DIR });
    expect(new Set(Object.values(secrets)).size).toBe(6);
    expect(statSync(join(DATA_DIR, "secrets.json")).mode & 0o777).toBe(0o600);
    expect(statSync(DATA_DIR).mode & 0o777).toBe(0o700);
    expect(readdirSync(DATA_DIR)).toEqual(["secrets.json"]);
    expect(readEnv({ DATA_DIR }).secrets).toEqual(secrets);
    expect(readEnv({ DATA_DIR, LINK_SECRET: strong }).secrets).toEqual({ ...secrets, linkSecret: strong });
  });

  test("of an older installation, which had none for codes, get one that stays", () => {
    const DATA_DIR = tempDir();
    const { codeSecret, ...older } = readEnv({ DATA_DIR }).secrets;
    writeFileSync(join(DATA_DIR, "secrets.json"), JSON.stringify(older));
    const { secrets } = readEnv({ DATA_DIR });
    expect(secrets).toEqual({ ...older, codeSecret: expect.stringMatching(/^[\w-]{43}$/) });
    expect(readEnv({ DATA_DIR }).secrets).toEqual(secrets);
    expect(secrets.codeSecret).not.toBe(codeSecret);
  });

  test("are the same for two processes that start at once", async () => {
    const DATA_DIR = join(tempDir(), "data");
    const path = join(import.meta.dir, "../src/env.ts");
    const script = `import { readEnv } from "${path}"; console.log(readEnv().secrets.brokerToken)`;
    const start = () =>
      new Response(Bun.spawn([process.execPath, "-e", script], { env: { DATA_DIR }, stderr: "inherit" }).stdout).text();
    const tokens = await Promise.all([start(), start(), start()]);
    expect(new Set(tokens)).toEqual(new Set([`${readEnv({ DATA_DIR }).secrets.brokerToken}\n`]));
  });

  test.each([
    ["nothing", "", "0 zero bytes"],
    ["zero bytes, as after a power cut", "\0".repeat(400), "400 zero bytes, as a power cut may leave"],
    ["half of it", '{ "linkSecret": "', "17 bytes that are not its JSON"],
    ["another JSON", '{ "linkSecret": "short" }', "25 bytes that are not its JSON"],
  ])("are not made anew over a damaged file, and the line says what to do: %s", (_, text, how) => {
    const DATA_DIR = tempDir();
    const path = join(DATA_DIR, "secrets.json");
    writeFileSync(path, text);
    expect(() => readEnv({ DATA_DIR })).toThrow(SetupError);
    expect(() => readEnv({ DATA_DIR })).toThrow(`${path}: damaged (${how}`);
    expect(() => readEnv({ DATA_DIR })).toThrow("restore it from a backup. Without one, delete it");
    expect(statSync(path).size).toBe(text.length);
  });

  test("cannot be kept where the data directory is a file, and the line says so", () => {
    const file = join(tempDir(), "data");
    writeFileSync(file, "");
    for (const DATA_DIR of [file, join(file, "below")]) {
      expect(() => readEnv({ DATA_DIR })).toThrow(SetupError);
      expect(() => readEnv({ DATA_DIR })).toThrow(`${DATA_DIR} cannot be written`);
    }
  });
});
