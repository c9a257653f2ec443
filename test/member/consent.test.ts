import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { isRefusal } from "../../src/errors.ts";
import { importMembers } from "../../src/member/import.ts";
import { saidByLink } from "../../src/member/link-consent.ts";
import { findMember } from "../../src/member/member.ts";
import { setConsent } from "../../src/member/set-consent.ts";
import { upsertMembers } from "../../src/member/upsert.ts";
import { counted } from "../support/length.ts";
import { openShop, type Shop } from "./context.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.db.close());

const at = (ms: number) => new Date(ms).toISOString();
const seqOf = async (externalId: string) => (await findMember(shop.ctx, { externalId }))?.seq ?? 0;

/** The member's own word, in the app. */
async function says(externalId: string, granted: boolean, topic?: string): Promise<void> {
  const seq = await seqOf(externalId);
  const ctx = { ...shop.ctx, actor: { kind: "member", seq, id: "m" } } as const;
  await setConsent(ctx, { member: { seq }, channel: "EMAIL", topic, granted, source: "member" });
}

async function upsert(externalId: string, granted: boolean, more: { at?: string; topic?: string } = {}) {
  const outcomes = await upsertMembers(shop.ctx, [{ externalId, consent: [{ channel: "EMAIL", granted, ...more }] }]);
  if (isRefusal(outcomes)) throw new Error(outcomes.message);
  return outcomes[0]?.kind;
}

async function file(text: string) {
  shop.now += 60_000;
  const task = await importMembers(shop.ctx, { name: "members.csv", content: new Blob([text]) });
  if (isRefusal(task)) throw new Error(task.message);
  return task;
}

async function word(externalId: string, topic = "*") {
  const row = await shop.db.first<{ granted: number; source: string; at: number }>(sql`
    SELECT granted, source, at FROM consent
    WHERE member = ${await seqOf(externalId)} AND channel = 'EMAIL' AND topic = ${topic}`);
  return row && { ...row, granted: row.granted === 1 };
}
const granted = async (externalId: string, topic?: string) => (await word(externalId, topic))?.granted;

describe("a word without a date", () => {
  test("in the same file again does not undo what she said in the app in between", async () => {
    const text = "externalId,email,consent:EMAIL\nann,ann@shop.example,yes\n";
    await file(text);
    expect(await granted("ann")).toBe(true);
    shop.now += 1_000;
    await says("ann", false);
    await file(`${text}\n`);
    await file(text.replace("yes", "no"));
    await file(text);
    expect(await word("ann")).toMatchObject({ granted: false, source: "member" });
  });

  test("does not undo an operator's no either, nor the member's to the whole channel", async () => {
    await upsert("bob", true);
    await setConsent(shop.ctx, { member: { externalId: "bob" }, channel: "EMAIL", granted: false });
    shop.now += 1_000;
    await upsert("bob", true);
    expect(await granted("bob")).toBe(false);
    await upsert("cat", true, { topic: "deals" });
    await says("cat", false);
    shop.now += 1_000;
    for (const topic of ["deals", "news"]) await upsert("cat", true, { topic });
    expect([await granted("cat", "deals"), await granted("cat", "news")]).toEqual([false, undefined]);
  });

  test("that says no is heard, once: repeating it does not undo what she said since", async () => {
    await upsert("dan", true);
    shop.now += 1_000;
    await says("dan", true);
    shop.now += 1_000;
    expect(await upsert("dan", false)).toBe("updated");
    expect(await granted("dan")).toBe(false);
    shop.now += 1_000;
    await says("dan", true);
    shop.now += 1_000;
    expect(await upsert("dan", false)).toBe("unchanged");
    expect(await granted("dan")).toBe(true);
  });
});

describe("of words with a date", () => {
  test("the later counts, and a confirmation keeps its time", async () => {
    const t = shop.now;
    await upsert("eve", false, { at: at(t - 10_000) });
    await upsert("eve", false, { at: at(t - 8_000) });
    await upsert("eve", true, { at: at(t - 9_000) });
    expect(await word("eve")).toMatchObject({ granted: false, at: t - 8_000 });
    await upsert("eve", true, { at: at(t - 7_000) });
    expect(await word("eve")).toMatchObject({ granted: true, at: t - 7_000 });
  });

  test("one ahead of now was said now, so that a plain no after it counts", async () => {
    await upsert("fay", true, { at: at(shop.now + 3_600_000) });
    expect(await word("fay")).toMatchObject({ granted: true, at: shop.now });
    shop.now += 1;
    await upsert("fay", false);
    expect(await granted("fay")).toBe(false);
  });

  test("a file says it in a column of its own: a day's yes from its beginning, its no until its end", async () => {
    await file(
      "consentAt:EMAIL,externalId,consent:EMAIL,consentAt:EMAIL:deals,consent:EMAIL:deals\n2026-05-01,gus,yes,,\n",
    );
    await says("gus", false);
    const text = (date: string) =>
      `externalId,consent:EMAIL,consentAt:EMAIL\ngus,yes,${date}\nhal,no,2026-05-01\nida,yes,soon\n`;
    const { faulty } = await file(text("2026-05-31"));
    expect([faulty, await granted("gus")]).toEqual([1, false]);
    expect((await word("hal"))?.at).toBe(Date.parse("2026-05-01T23:59:59.999+02:00"));
    await file(text(at(shop.now)));
    expect(await granted("gus")).toBe(true);
  });
});

test("whatever the order in which words arrive, the outcome follows from the words alone", async () => {
  // The shop's dated words come at any time after they were said; the member's and the lists' are of when they come.
  const spoken = fc.record({ kind: fc.constantFrom("app", "list"), granted: fc.boolean() });
  const dated = fc.record({ said: fc.integer({ min: 0, max: 7 }), late: fc.nat(60), granted: fc.boolean() });
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(spoken, { maxLength: 5 }), fc.array(dated, { maxLength: 5 }), async (live, told) => {
      const [id, start] = [`order-${n++}`, shop.now + 1_000];
      const lives = live.map((one, i) => ({ ...one, said: start + 10 * (i + 1), comes: start + 10 * (i + 1) }));
      const tolds = told.map(({ said, late, granted }) => {
        const when = start + 7 * said + 1;
        return { kind: "dated", granted, said: when, comes: when + late };
      });
      await upsertMembers(shop.ctx, [{ externalId: id }]);
      for (const one of [...lives, ...tolds].sort((a, b) => a.comes - b.comes)) {
        shop.now = one.comes;
        if (one.kind === "app") await says(id, one.granted);
        else await upsert(id, one.granted, one.kind === "dated" ? { at: at(one.said) } : {});
      }
      expect(await granted(id)).toBe(outcomeOf(lives, tolds));
    }),
    { numRuns: counted(30, 1_000) },
  );
});

type Spoken = { readonly kind: string; readonly granted: boolean; readonly said: number };

/** The same from the set of words. */
function outcomeOf(live: readonly Spoken[], told: readonly Spoken[]): boolean | undefined {
  const own = [...live.filter(({ kind }) => kind === "app"), ...told];
  const said = own.sort((a, b) => b.said - a.said || Number(a.granted) - Number(b.granted))[0];
  const lists = live.filter(({ kind }) => kind === "list");
  const listed = lists.at(-1);
  if (!said || !listed) return (said ?? listed)?.granted;
  const began = lists.findLast((one, i) => lists[i - 1]?.granted !== one.granted)?.said ?? 0;
  return said.granted && !listed.granted && began >= said.said ? false : said.granted;
}

describe("what a message's link says", () => {
  const link = async (externalId: string, granted: boolean) =>
    saidByLink(shop.ctx, { member: await seqOf(externalId), channel: "EMAIL", topic: "deals", granted });
  const yes = [{ channel: "EMAIL", topic: "deals", granted: true }];
  const person = (externalId: string, email: string) => ({ externalId, email, consent: yes });
  const arrive = (...people: object[]) => upsertMembers(shop.ctx, people);

  test("counts for the address: for everyone who has it, and whoever gets it later", async () => {
    const email = "shared@shop.example";
    await arrive(person("twin-1", email), person("twin-2", email), person("other", "other@shop.example"));
    await link("twin-1", false);
    expect([await granted("twin-1", "deals"), await granted("twin-2", "deals")]).toEqual([false, false]);
    shop.now += 1_000;
    await arrive(person("twin-3", " Shared@shop.example"), { externalId: "other", email });
    expect([await granted("twin-3", "deals"), await granted("other", "deals")]).toEqual([false, false]);
    expect(JSON.stringify(await shop.db.all(sql`SELECT * FROM address_no`))).not.toContain("shared@");
  });

  test("is taken back by the link, but not what the other said of himself", async () => {
    const email = "pair@shop.example";
    await arrive(person("pair-1", email), person("pair-2", email), person("pair-3", email));
    await says("pair-3", false, "deals");
    await link("pair-1", false);
    await says("pair-3", false, "deals");
    shop.now += 1_000;
    await link("pair-2", true);
    expect(await Promise.all([1, 2, 3].map((i) => granted(`pair-${i}`, "deals")))).toEqual([true, true, false]);
    await arrive(person("pair-4", email));
    expect(await granted("pair-4", "deals")).toBe(true);
  });
});
