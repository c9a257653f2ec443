import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { templateTable } from "../../src/coupon/table.ts";
import { openDatabase } from "../../src/db/client.ts";
import { globalId } from "../../src/ids.ts";
import { mintMemberToken } from "../../src/operations/member-token.ts";
import { realWorld } from "../../src/world.ts";
import { seedMembers } from "./member-seed.ts";

/**
 * A shop with an open and a sold-out template, and a bare gate beside it, each in a process of its own on one Redis.
 */
export interface Rig {
  readonly appUrl: string;
  readonly gateUrl: string;
  /** A file of requests for the load generator: a line each, the body after the headers' values, tab by tab. */
  requests(of: "open" | "closed"): string;
  /** Coupons of the open template that are committed. */
  issued(): Promise<number>;
  stop(): Promise<void>;
}

export const secret = "a secret of the bench's shop, 32+ bytes";
const usual = {
  name: "Bench",
  kind: "INSTANT",
  params: { off: 100 },
  currency: "EUR",
  conditions: {},
  stacking: { exclusive: true },
  issueMode: "SELF_CLAIM",
  perMember: 1_000_000,
  createdBy: "bench",
  createdAt: 0,
  updatedAt: 0,
} as const;

export async function startRig(dir: string, members: number): Promise<Rig> {
  const path = join(dir, "fanfare.db");
  await seedMembers(path, members);
  const db = await openDatabase({ url: `file:${path}` }, realWorld);
  const add = async (facts: { stock: number; issued: number; state: "ACTIVE" | "SOLD_OUT" }) => {
    const [row] = await db.orm
      .insert(templateTable)
      .values({ ...usual, ...facts })
      .returning();
    return row?.id ?? 0;
  };
  const open = await add({ stock: 1_000_000_000, issued: 0, state: "ACTIVE" });
  const closed = await add({ stock: 1, issued: 1, state: "SOLD_OUT" });
  const files = { open: join(dir, "open.txt"), closed: join(dir, "closed.txt") };
  const tokens = await Promise.all(Array.from({ length: members }, (_, n) => token(n + 1)));
  for (const [name, template] of [
    ["open", open],
    ["closed", closed],
  ] as const)
    writeFileSync(files[name], lines(tokens, template));

  const app = await spawn("claim-server.ts", [dir]);
  const gate = await spawn("claim-gate.ts", [join(dir, "redis"), String(open), String(closed)]);
  return {
    appUrl: `${app.url}/app`,
    gateUrl: `${gate.url}/`,
    requests: (of) => files[of],
    issued: async () => {
      const row = await db.first<{ n: number }>(sql`SELECT count(*) AS n FROM coupon WHERE template = ${open}`);
      return row?.n ?? 0;
    },
    stop: async () => {
      await db.close();
      await gate.stop();
      await app.stop();
    },
  };
}

function token(n: number): Promise<string> {
  return mintMemberToken(
    { issuer: "shop", audience: "fanfare", algorithms: ["HS256"], secret },
    `shop-${n}`,
    3_600,
    Date.now(),
  );
}

/** Member's number, address, token, the template's id: each member behind an address of their own. */
function lines(tokens: readonly string[], template: number): string {
  const templateId = globalId("CouponTemplate", template);
  return tokens
    .map((token, n) => `${n + 1}\t10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}\t${token}\t${templateId}\n`)
    .join("");
}

async function spawn(script: string, args: readonly string[]) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { value } = await child.stdout.getReader().read();
  const url = new TextDecoder().decode(value).trim();
  if (url === "") throw new Error(`${script} did not start`);
  return {
    url,
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}
