import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import type { Context } from "../../src/context.ts";
import { endedRows } from "../../src/distribution/distribution.ts";
import type { Outcome } from "../../src/distribution/table.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked, faultsOfDistribution, issued, rowsOf } from "../support/distributions.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";

afterAll(closeLedgers);

const people = 12;
const seed = Number(Bun.env.SEED ?? Date.now() % 1_000_000);

/** Member `n` has the level `n % 5`; 1–4 have a phone of their own, 5 and 6 one between them, all others none. */
const phoneOf = (n: number) => `+49151123456${10 + (n === 6 ? 5 : n)}`;
const levelOf = (n: number) => n % 5;
const known = (n: number | undefined) => (n !== undefined && n >= 1 && n <= people ? n : undefined);

/** What a row's cells say: members by number, beyond `people` nobody; or something that is no such key. */
const key = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: people + 2 }) },
  { weight: 2, arbitrary: fc.constant("" as const) },
  { weight: 1, arbitrary: fc.constant("bad" as const) },
);
const Row = fc.record({ externalId: key, phone: fc.oneof({ weight: 2, arbitrary: fc.constant("" as const) }, key) });
/** What a template says of whom it is for. */
const offer = {
  perMember: fc.integer({ min: 1, max: 3 }),
  /** Of the level, at least; null: for everyone. */
  level: fc.option(fc.integer({ min: 1, max: 4 })),
  /** How many are left; null: there is no end of them. */
  left: fc.option(fc.integer({ min: 0, max: 10 })),
};
const Case = fc.record({
  rows: fc.array(Row, { minLength: 1, maxLength: 24 }),
  /** How many coupons each member holds. */
  held: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: people, maxLength: people }),
  ...offer,
  /** What the template says when the coupons are given. */
  later: fc.record(offer),
});
type Case = typeof Case extends fc.Arbitrary<infer T> ? T : never;
type Offer = Case["later"];
type Row = Case["rows"][number];

/** Whom a row means, or what is wrong with it. */
function meant({ externalId, phone }: Row): number | Outcome {
  if (externalId === "bad" || phone === "bad") return "INVALID";
  if (externalId !== "") return known(externalId) ?? "UNKNOWN_MEMBER";
  if (phone === "") return "INVALID";
  if (phone === 5 || phone === 6) return "INVALID";
  return phone <= 4 ? phone : "UNKNOWN_MEMBER";
}

/** What becomes of each row by an offer, worked out one by one. */
function modelOf(
  { rows }: Case,
  held: readonly number[],
  { perMember, level, left }: Offer,
): [Outcome, number | null][] {
  const first = new Map<number, number>();
  let rest = left ?? Number.POSITIVE_INFINITY;
  return rows.map((row, i) => {
    const member = meant(row);
    if (typeof member === "string") return [member, null];
    const other = first.get(member);
    if (other !== undefined) return ["DUPLICATE", other];
    first.set(member, i + 2);
    if ((held[member - 1] ?? 0) >= perMember) return ["ALREADY_HELD", null];
    if (level !== null && levelOf(member) < level) return ["NOT_ELIGIBLE", null];
    if (rest === 0) return ["OUT_OF_STOCK", null];
    rest--;
    return ["ISSUED", null];
  });
}

/** A file of these rows: keys that are none are numbers as spreadsheets spoil them. */
function fileOf(rows: readonly Row[]): string {
  const cell = (key: Row["phone"], of: (n: number) => string) =>
    key === "bad" ? "1.38E+10" : key === "" ? "" : of(key);
  const lines = rows.map(({ externalId, phone }) => [cell(externalId, (n) => `x${n}`), cell(phone, phoneOf), "noted"]);
  return [["externalId", "phone", "note"], ...lines].map((line) => `${line.join(",")}\n`).join("");
}

/** How many coupons each member can hold. */
const mostOf = ({ held, perMember }: Case) => held.map((n) => Math.min(n, perMember));

/** A template of which members hold so many. */
async function templateOf(ctx: Context, given: Case): Promise<number> {
  const { perMember, left } = given;
  const most = mostOf(given);
  const sum = most.reduce((all, n) => all + n, 0);
  const stock = left === null || sum + left === 0 ? null : sum + left;
  const { id } = await addTemplate(ctx, { issueMode: "SYSTEM", perMember, stock });
  for (let n = 1; n <= perMember; n++) {
    const holders = most.flatMap((each, i) => (each >= n ? [`x${i + 1}`] : []));
    if (holders.length > 0)
      await issued(ctx, (await checked(ctx, `externalId\n${holders.join("\n")}\n`, { template: id })).id);
  }
  await become(ctx, id, given);
  return id;
}

/** Makes the template say that. */
async function become(ctx: Context, template: number, { perMember, level, left }: Offer): Promise<void> {
  const eligibility = level === null ? null : JSON.stringify({ level: { gte: level } });
  await ctx.db.write([
    sql`
      UPDATE coupon_template SET eligibility = ${eligibility}, per_member = ${perMember},
        stock = nullif(issued + ${left}, 0), state = iif(${left} = 0 AND issued > 0, 'SOLD_OUT', 'ACTIVE')
      WHERE id = ${template}`,
  ]);
}

test(`prediction and outcome are those of a model, for any file and offers then and now (seed ${seed})`, async () => {
  const { ctx, members } = await openLedger();
  await members(people, { level: "i % 5" });
  for (let n = 1; n <= 6; n++)
    await ctx.db.write([sql`UPDATE member SET phone = ${phoneOf(n)} WHERE external_id = ${`x${n}`}`]);
  await ctx.db.write([sql`UPDATE member SET phone = NULL WHERE CAST(substr(external_id, 2) AS INTEGER) > 6`]);
  const property = fc.asyncProperty(Case, async (given) => {
    // A stock of none cannot be said.
    fc.pre((given.left !== 0 && given.later.left !== 0) || given.held.some((n) => n > 0));
    const template = await templateOf(ctx, given);
    const held = mostOf(given);
    const ready = await checked(ctx, fileOf(given.rows), { template });
    const said = async () => (await rowsOf(ctx, ready.id)).map(({ outcome, other }) => [outcome, other]);
    expect(await said()).toEqual(modelOf(given, held, given));
    // A limit is never lowered below what somebody holds.
    const later = { ...given.later, perMember: Math.max(given.perMember, given.later.perMember) };
    await become(ctx, template, later);
    const done = await issued(ctx, ready.id);
    expect(await said()).toEqual(modelOf(given, held, later));
    expect([ready.rows, endedRows(done)]).toEqual([given.rows.length, given.rows.length]);
    expect(endedRows(done, "ISSUED")).toBeLessThanOrEqual(ready.mayIssue);
    expect(await faultsOfDistribution(ctx, ready.id)).toEqual([]);
  });
  await fc.assert(property, { seed, numRuns: counted(8, 1_000) });
});
