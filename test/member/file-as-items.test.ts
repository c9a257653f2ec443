import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import type { Context } from "../../src/context.ts";
import { isRefusal } from "../../src/errors.ts";
import { importMembers } from "../../src/member/import.ts";
import { eraseMember } from "../../src/member/privacy.ts";
import { upsertMembers } from "../../src/member/upsert.ts";
import { counted } from "../support/length.ts";
import { closeLedgers, openLedger } from "../support/light.ts";

afterAll(closeLedgers);

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const said = fc.record({
  granted: fc.boolean(),
  at: maybe(fc.constantFrom("2026-01-01T10:00:00Z", "2026-06-01T10:00:00Z")),
});
const item = fc.record({
  n: fc.nat(6),
  email: maybe(fc.constantFrom("one@shop.example", "two@shop.example", "three@shop.example")),
  level: maybe(fc.nat(3)),
  tags: maybe(fc.subarray(["a", "b", "c"], { minLength: 1 })),
  pushTokens: maybe(fc.subarray(["t1", "t2", "t3"], { minLength: 1 })),
  city: maybe(fc.constantFrom("Graz", "Wien")),
  all: maybe(said),
  deals: maybe(said),
});
/** Members who come together, after somebody was erased. */
const arrival = fc.record({
  erased: maybe(fc.nat(6)),
  items: fc.uniqueArray(item, { selector: ({ n }) => n, minLength: 1, maxLength: 7 }),
});
type Item = typeof item extends fc.Arbitrary<infer T> ? T : never;

test("members that come in a file are what they are when they come as items, new ones and known", async () => {
  const now = Date.now();
  const [inFile, asItems]: [Context, Context] = [
    { ...(await openLedger()).ctx, clock: () => now },
    { ...(await openLedger()).ctx, clock: () => now },
  ];
  const tables = ["member_tag", "push_token", "consent", "address_no", "suppression", "event", "audit", "member"];
  await fc.assert(
    fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 4 }), async (arrivals) => {
      for (const { db } of [inFile, asItems]) await db.write(tables.map((name) => sql.raw(`DELETE FROM ${name}`)));
      for (const { erased, items: together } of arrivals) {
        for (const ctx of [inFile, asItems])
          if (erased !== undefined) await eraseMember(ctx, { externalId: `k${erased}` });
        expect(await imported(inFile, together)).toEqual(await upserted(asItems, together));
        expect(await stateOf(inFile)).toEqual(await stateOf(asItems));
      }
    }),
    { numRuns: counted(12, 400) },
  );
});

async function imported(ctx: Context, items: readonly Item[]) {
  const rows = items.map(({ n, email, level, tags, pushTokens, city, all, deals }) => [
    `k${n}`,
    ...[email, level, tags?.join("|"), pushTokens?.join("|"), city],
    ...[all, deals].flatMap((word) => [word && (word.granted ? "yes" : "no"), word?.at]),
  ]);
  const words = ["EMAIL", "EMAIL:deals"].flatMap((about) => [`consent:${about}`, `consentAt:${about}`]);
  const header = ["externalId", "email", "level", "tags", "pushTokens", "attribute:city", ...words];
  const text = [header, ...rows].map((cells) => cells.map((cell) => cell ?? "").join(",")).join("\n");
  const task = await importMembers(ctx, { name: "members.csv", content: new Blob([text]) });
  if (isRefusal(task)) throw new Error(task.message);
  const { created, updated, unchanged } = task;
  return { created, updated, unchanged };
}

async function upserted(ctx: Context, items: readonly Item[]) {
  const outcomes = await upsertMembers(
    ctx,
    items.map(({ n, city, all, deals, ...plain }) => ({
      externalId: `k${n}`,
      ...plain,
      ...(city && { attributes: { city } }),
      ...((all || deals) && {
        consent: [all && { channel: "EMAIL", ...all }, deals && { channel: "EMAIL", topic: "deals", ...deals }].filter(
          Boolean,
        ),
      }),
    })),
  );
  if (isRefusal(outcomes)) throw new Error(outcomes.message);
  const count = (kind: string) => outcomes.filter((outcome) => outcome.kind === kind).length;
  expect(count("invalid")).toBe(0);
  return { created: count("created"), updated: count("updated"), unchanged: count("unchanged") };
}

/** All that there is, but for ids, and by whom it was said. */
async function stateOf({ db }: Context) {
  const named = sql`CASE WHEN deleted_at IS NULL THEN external_id ELSE 'erased' END`;
  return {
    members: await db.all(sql`SELECT seq, ${named} AS name, email, level, attributes, registered_at FROM member`),
    tags: await db.all(sql`SELECT * FROM member_tag ORDER BY 1, 2`),
    tokens: await db.all(sql`SELECT * FROM push_token ORDER BY 1`),
    words: await db.all(
      sql`SELECT member, channel, topic, said, said_at, listed, listed_at FROM consent ORDER BY 1, 2, 3`,
    ),
    nos: await db.all(sql`SELECT channel, topic, at FROM address_no ORDER BY 1, 2, 3`),
    suppressed: await db.all(sql`SELECT channel, address FROM suppression ORDER BY 1, 2`),
    events: await db.all(sql`
      SELECT e.type, m.seq, e.data ->> 'channel', e.data ->> 'topic' FROM event e
      JOIN member m ON e.subject = 'member/' || m.id ORDER BY 2, 3, 4`),
  };
}
