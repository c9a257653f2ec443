import { afterAll, beforeAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { campaignsById, countCampaigns, listCampaigns } from "../../src/campaign/draft/campaign.ts";
import { countRuns, listRuns, runsById } from "../../src/campaign/run/run.ts";
import type { Context } from "../../src/context.ts";
import { field, rows } from "../../src/db/bulk.ts";
import { countSegments, listSegments, segmentsById } from "../../src/member/segment.ts";
import { countPromotions, listPromotions, promotionsById } from "../../src/promotion/promotion.ts";
import { isOfShop } from "../../src/shop.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { as } from "../support/persons.ts";

let ctx: Context;
beforeAll(async () => {
  ctx = (await openLedger()).ctx;
});
afterAll(closeLedgers);

interface Thing {
  readonly id: number;
  readonly shop: string;
  readonly name: string;
}
type Order = "NEWEST" | "OLDEST" | "NAME";
interface Which {
  readonly shop?: string | undefined;
  readonly order?: Order | undefined;
  readonly after?: number | undefined;
}
interface Kind {
  readonly orders: readonly Order[];
  list(ctx: Context, page: Which & { readonly limit: number }): Promise<{ readonly id: number }[]>;
  count(ctx: Context, which: Which): Promise<number>;
  byId(ctx: Context, ids: readonly number[]): Promise<({ readonly id: number } | undefined)[]>;
}

const all = ["NEWEST", "OLDEST", "NAME"] as const;
const kinds: Readonly<Record<string, Kind>> = {
  campaigns: { orders: all, list: listCampaigns, count: countCampaigns, byId: campaignsById },
  promotions: { orders: all, list: listPromotions, count: countPromotions, byId: promotionsById },
  segments: { orders: all, list: listSegments, count: countSegments, byId: segmentsById },
  runs: { orders: ["NEWEST"], list: listRuns, count: countRuns, byId: runsById },
};

/** The same numbers, shops and names for a thing of each kind. */
async function plan(things: readonly Thing[]): Promise<void> {
  const [id, shop, name] = [field("id"), field("shop"), field("name")];
  const from = sql`FROM ${rows(things)}`;
  await ctx.db.write([
    ...["run", "campaign", "promotion", "segment"].map((table) => sql`DELETE FROM ${sql.raw(table)}`),
    sql`
      INSERT INTO campaign (id, shop, name, state, topic, audience, channels, reach, content, author, created_at,
        updated_at)
      SELECT ${id}, ${shop}, ${name}, 'DRAFT', '', '{}', '[]', 'EACH', '{}', '', 1, 2 ${from}`,
    sql`
      INSERT INTO promotion (id, shop, name, remark, kind, tiers, currency, starts_at, enabled, created_at, updated_at)
      SELECT ${id}, ${shop}, ${name}, '', 'FULL_REDUCTION', '[{"spend":2,"off":1}]', 'EUR', 0, 0, 0, 0 ${from}`,
    sql`
      INSERT INTO segment (id, shop, name, filter, created_at, updated_at)
      SELECT ${id}, ${shop}, ${name} || ${id}, '{}', 0, 0 ${from}`,
    sql`INSERT INTO run (id, campaign, due_at, state) SELECT ${id}, ${id}, 0, 'PENDING' ${from}`,
  ]);
}

const shops = ["", "A", "B"] as const;
const shop = fc.constantFrom(...shops);
const company = fc.record({
  of: fc.array(fc.record({ shop, name: fc.constantFrom("a", "B", "c") }), { minLength: 1, maxLength: 12 }),
  works: shop,
  asks: fc.option(shop, { nil: undefined }),
  limit: fc.integer({ min: 1, max: 4 }),
});

test("lists, counts and cursors are of what is in reach, and of nothing else, whatever shops plan", async () => {
  await fc.assert(
    fc.asyncProperty(company, async ({ of, works, asks, limit }) => {
      const things = of.map((each, i) => ({ ...each, id: i + 1 }));
      await plan(things);
      const kim = as(ctx, "Kim", 1, 1, works);
      const reached = things.filter((thing) => works === "" || thing.shop === works);
      const wanted = reached.filter((thing) => asks === undefined || thing.shop === asks).map(({ id }) => id);
      const nobody = 999;
      for (const [name, { orders, list, count, byId }] of Object.entries(kinds)) {
        expect([name, await count(kim, { shop: asks })]).toEqual([name, wanted.length]);
        const found = await byId(kim, [...things.map(({ id }) => id), nobody]);
        expect(found.map((each) => each?.id)).toEqual([
          ...things.map((thing) => (reached.includes(thing) ? thing.id : undefined)),
          undefined,
        ]);
        for (const order of orders) {
          const walked: number[] = [];
          for (let page = [{ id: 0 }]; page.length > 0; ) {
            page = await list(kim, { shop: asks, order, after: walked.at(-1), limit });
            walked.push(...page.map(({ id }) => id));
          }
          expect([name, order, walked.toSorted((a, b) => a - b)]).toEqual([name, order, wanted]);
        }
        // By name, a place in the list is one's own thing: another's says no more than one that was never made.
        const foreign = things.find((thing) => !reached.includes(thing));
        if (!foreign || !orders.includes("NAME")) continue;
        const behind = (after: number) => list(kim, { order: "NAME", after, limit: 50 });
        expect(await behind(foreign.id)).toEqual(await behind(nobody));
      }
    }),
    { numRuns: counted(8, 300) },
  );
});

test("what is one shop's is found by the shops' own indexes", async () => {
  for (const table of ["campaign", "promotion", "coupon_template"]) {
    const plan = await ctx.db.all<{ detail: string }>(sql`
      EXPLAIN QUERY PLAN SELECT * FROM ${sql.raw(table)}
      WHERE ${isOfShop("a", sql.raw(`${table}.shop`))} ORDER BY id DESC LIMIT 20`);
    expect(plan.map(({ detail }) => detail)).toEqual([`SEARCH ${table} USING INDEX ${table}_shop (shop=?)`]);
  }
});
