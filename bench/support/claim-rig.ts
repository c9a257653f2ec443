import { join } from "node:path";
import { sql } from "drizzle-orm";
import { templateTable } from "../../src/coupon/table.ts";
import { openDatabase } from "../../src/db/client.ts";
import { globalId } from "../../src/ids.ts";
import { realWorld } from "../../src/world.ts";
import { spawnChild } from "./children.ts";
import { seedMembers } from "./member-seed.ts";
import { askedBy, bodyOf, documentOf, keyPlace, type Road, writeManifest, writeRequests } from "./requests.ts";

/**
 * A shop with an open and a sold-out template, and a bare gate beside it, each in a process of its own on one Redis.
 */
export interface Rig {
  readonly appUrl: string;
  gateUrl(of: "open" | "closed"): string;
  /** A file of requests for the load generator. */
  requests(of: "open" | "closed"): string;
  /** Coupons of the open template that are committed. */
  issued(): Promise<number>;
  stop(): Promise<void>;
}

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

export async function startRig(dir: string, members: number, road: Road): Promise<Rig> {
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
  const document = documentOf("claim");
  for (const [name, template] of [
    ["open", open],
    ["closed", closed],
  ] as const) {
    const body = bodyOf(road, document, { template: globalId("CouponTemplate", template), key: keyPlace });
    writeRequests(files[name], await askedBy(1, members, body));
  }
  const manifest = join(dir, "documents.json");
  writeManifest(manifest, [document]);

  const app = await spawnChild("shop-child.ts", dir, JSON.stringify({ DOCUMENTS_FILE: manifest }));
  const gate = await spawnChild("gate-child.ts", join(dir, "redis"));
  return {
    appUrl: `${app.url}/app`,
    gateUrl: (of) => `${gate.url}/${of}`,
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
