import { expect, test } from "bun:test";
import { join } from "node:path";
import { parse, validate } from "graphql";
import { domains } from "../src/domains.ts";
import { variableNames } from "../src/env-variables.ts";
import { buildSchemas } from "../src/schema/server/schemas.ts";
import { variablesOf } from "../src/settings.ts";
import { freePort } from "./support/port.ts";
import { tempDir } from "./support/temp.ts";

const root = join(import.meta.dir, "..");
const readme = await Bun.file(join(root, "README.md")).text();

test("every GraphQL operation that the README shows is valid", () => {
  const { operators } = buildSchemas(domains);
  const blocks = [...readme.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  const operations = blocks.flatMap((text) => text.split(/\n(?=query|mutation|subscription)/));
  expect(operations.length).toBeGreaterThan(4);
  for (const text of operations) {
    const faults = validate(operators, parse(text)).map(({ message }) => message);
    expect({ text, faults }).toEqual({ text, faults: [] });
  }
});

test("the walk from a clone to a redeemed coupon, copied block by block, ends in a redeemed coupon", async () => {
  const walk = readme.slice(readme.indexOf("## From a clone"), readme.indexOf("## Operating it"));
  const blocks = [...walk.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
  expect(blocks.length).toBeGreaterThan(4);
  const dir = tempDir();
  // The log is written where the reader stands: here, beside the data.
  const script = blocks.join("\n").replace("fanfare.log", `${dir}/fanfare.log`);
  const env = { PATH: process.env.PATH ?? "", HOME: dir, DATA_DIR: join(dir, "data"), PORT: String(freePort()) };
  const told = Bun.spawnSync(["bash", "-c", script], { cwd: root, env: { ...env, FANFARE_READY: "1" } });
  const lines = `${told.stdout}\n${told.stderr}`;
  expect(lines).not.toMatch(/"errors"|"issues"|"message"/);
  for (const said of [
    '"created":2',
    "(€10 off) from €150.",
    "满€150送优惠券「Thank you」（立减€10）",
    "GMT+8",
    "To become: 1 unknown member, 1 issued",
    '"issued":1,"leftOut":{"nodes":[{"row":3,"outcome":"UNKNOWN_MEMBER","why":"No member has this."',
    '"file":"members.csv"',
    '"matched":1',
    '"state":"COMPLETED"',
    "The member got it",
    '"__typename":"Coupon"',
    '"description":"€30 off from €200"',
    '"remaining":"999"',
    '"funnel":{"matched":2,"sent":1,"opened":1,"clicked":1,"claimed":1,"redeemed":0}',
    '"pay":{"amount":"22000","text":"€220"}',
    '"state":"LOCKED"',
    '"state":"REDEEMED"',
    '"kind":"COUPON"',
    '"state":"COMPLETED"',
    '"description":"€10 off"',
    '"state":"TAKEN_BACK"',
  ]) {
    expect(lines).toContain(said);
  }
}, 240_000);

test("every file that the README and CONTRIBUTING link to is there", async () => {
  for (const name of ["README.md", "CONTRIBUTING.md"]) {
    const text = await Bun.file(join(root, name)).text();
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect({ target, there: await Bun.file(join(root, target)).exists() }).toEqual({ target, there: true });
    }
  }
});

test(".env.example names every variable that the environment knows, and no other", async () => {
  const shown = [...(await Bun.file(join(root, ".env.example")).text()).matchAll(/^# ([A-Z][A-Z0-9_]+)=/gm)].map(
    ([, name]) => name,
  );
  const forTests = ["RESEND_BASE_URL", "TWILIO_BASE_URL", "FCM_BASE_URL"];
  const known = [...variableNames, ...variablesOf(domains).flatMap((variables) => Object.keys(variables))];
  expect(shown.sort()).toEqual(known.filter((name) => !forTests.includes(name)).sort());
});
