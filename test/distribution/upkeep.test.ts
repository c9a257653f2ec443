import { afterAll, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import type { Context } from "../../src/context.ts";
import { distributionTerms } from "../../src/distribution/audience-terms.ts";
import { pauseDistribution, resumeDistribution, startDistribution } from "../../src/distribution/control.ts";
import { findDistribution } from "../../src/distribution/distribution.ts";
import { distribution } from "../../src/distribution/domain.ts";
import { parkBatch, parkRead, unparkBatch, unparkRead } from "../../src/distribution/parking.ts";
import { withStoredFile } from "../../src/distribution/pieces.ts";
import { readFile } from "../../src/distribution/read.ts";
import { takeReport } from "../../src/distribution/report.ts";
import { uploadDistribution } from "../../src/distribution/upload.ts";
import { withdrawDistribution, withdrawStretch } from "../../src/distribution/withdraw.ts";
import { historyOf } from "../../src/transition/audit.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked, fileOf, issued, issueOpen, read, rowsOf, told } from "../support/distributions.ts";
import { closeLedgers, openLedger } from "../support/light.ts";
import { accepted } from "../support/shop.ts";

afterAll(closeLedgers);

const day = 24 * 3_600_000;
const file = "externalId\nx1\nx2\nnobody\nx1\n";

async function desk() {
  const { ctx, members, pass } = await openLedger();
  await members(3);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM" })).id;
  return {
    ...{ ctx, template, pass },
    events: () =>
      ctx.db.all<{ type: string; data: string }>(sql`SELECT type, data FROM event WHERE type GLOB 'distribution.*'`),
    state: async (id: number) => accepted(await findDistribution(ctx, id)).state,
    history: async (id: number) => (await historyOf(ctx, `distribution/${id}`)).map(({ what }) => what).reverse(),
  };
}

const number = async (ctx: Context, table: string) =>
  (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM ${sql.raw(table)}`))?.n;

test("its end is an event and in its history, and its rows are in the metrics", async () => {
  const { ctx, template, events, history } = await desk();
  const { id } = await checked(ctx, file, { template });
  const done = await issued(ctx, id);
  await issueOpen(ctx, id);
  const outcomes = { INVALID: 0, UNKNOWN_MEMBER: 1, DUPLICATE: 1, ALREADY_HELD: 0, NOT_ELIGIBLE: 0, OUT_OF_STOCK: 0 };
  expect((await events()).map(({ type, data }) => [type, JSON.parse(data)])).toEqual([
    [
      "distribution.completed",
      { distribution: id, template, file: "members.csv", rows: 4, outcomes: { ...outcomes, ISSUED: 2 } },
    ],
  ]);
  expect(await history(id)).toEqual(["uploaded", "VALIDATING", "READY", "RUNNING", "COMPLETED"]);
  expect(done.state).toBe("COMPLETED");
  const broken = accepted(await uploadDistribution(ctx, fileOf('externalId\nx1\n\u0000,"x'), { template }));
  await read(ctx, broken.id);
  expect((await events()).map(({ type }) => type)).toEqual(["distribution.completed", "distribution.failed"]);
  const figures = await Promise.all((distribution.gauges ?? []).map((gauge) => gauge.read(ctx)));
  expect(figures[0]?.map(({ labels, value }) => [labels?.state, value])).toEqual([
    ["COMPLETED", 1],
    ["FAILED", 1],
  ]);
  expect(figures[1]?.find(({ labels }) => labels?.outcome === "ISSUED")?.value).toBe(2);
});

test("what the queue gives up is said, and replaying it goes on; a pause of an operator's stays one", async () => {
  const { ctx, template, state, events } = await desk();
  const { id } = accepted(await uploadDistribution(ctx, fileOf(file), { template }));
  const first = { distribution: id, from: 0 };
  await parkRead(ctx, { ...first, from: 7 });
  expect(await state(id)).toBe("UPLOADED");
  await parkRead(ctx, first);
  expect([await state(id), (await events()).length]).toEqual(["FAILED", 1]);
  await readFile(ctx, first);
  expect(await state(id)).toBe("FAILED");
  await unparkRead(ctx, first);
  await readFile(ctx, first);
  const ready = accepted(await findDistribution(ctx, id));
  expect([ready.state, ready.fault]).toEqual(["READY", null]);
  await parkRead(ctx, first);
  await unparkRead(ctx, first);
  expect(await state(id)).toBe("READY");
  accepted(await startDistribution(ctx, { id }));
  const batch = { distribution: id, batch: 0 };
  await parkBatch(ctx, { ...batch, batch: 1 });
  expect(await state(id)).toBe("RUNNING");
  accepted(await pauseDistribution(ctx, { id }));
  await parkBatch(ctx, batch);
  await unparkBatch(ctx, batch);
  expect(await state(id)).toBe("PAUSED");
  accepted(await resumeDistribution(ctx, { id }));
  await parkBatch(ctx, batch);
  const parked = accepted(await findDistribution(ctx, id));
  expect([parked.state, parked.fault?.row]).toEqual(["PAUSED", 1]);
  await unparkBatch(ctx, batch);
  expect(accepted(await findDistribution(ctx, id))).toMatchObject({ state: "RUNNING", fault: null });
  await parkBatch(ctx, batch);
  expect(accepted(await resumeDistribution(ctx, { id })).fault).toBeNull();
  await issueOpen(ctx, id);
  await parkBatch(ctx, batch);
  expect(await state(id)).toBe("COMPLETED");
});

test("a message that read on before it was given up says where it stands, and is taken up again there", async () => {
  const { ctx, template, pass, state } = await desk();
  const rows = Array.from({ length: 1_500 }, (_, i) => `y${i}`).join("\n");
  const { id } = accepted(await uploadDistribution(ctx, fileOf(`externalId\n${rows}\n`), { template }));
  const first = { distribution: id, from: 0 };
  let blocks = 0;
  const db: Context["db"] = {
    ...ctx.db,
    transaction: (work) => (++blocks > 1 ? Promise.reject(new Error("an outage")) : ctx.db.transaction(work)),
  };
  await expect(readFile({ ...ctx, db }, first)).rejects.toThrow("an outage");
  await parkRead(ctx, first);
  const parked = accepted(await findDistribution(ctx, id));
  expect([parked.state, parked.readTo, parked.fault?.row]).toEqual(["FAILED", 1_001, 1_002]);
  await unparkRead(ctx, first);
  await readFile(ctx, first);
  expect(accepted(await findDistribution(ctx, id))).toMatchObject({ state: "READY", rows: 1_500 });
  // Not where the rows that were read are forgotten.
  const late = accepted(await uploadDistribution(ctx, fileOf(file), { template }));
  await ctx.db.write([
    sql`UPDATE distribution SET state = 'VALIDATING', header = '[]', read_to = 1 WHERE id = ${late.id}`,
  ]);
  await parkRead(ctx, { distribution: late.id, from: 0 });
  pass(31 * day);
  for (const { forget } of distribution.keeps ?? []) await forget(ctx);
  await unparkRead(ctx, { distribution: late.id, from: 0 });
  expect(await state(late.id)).toBe("FAILED");
});

test("a file that is read on behind its follow-ups gives nobody a second coupon", async () => {
  const { ctx, members } = await openLedger();
  await members(4);
  const template = (await addTemplate(ctx, { issueMode: "SYSTEM", perMember: 5 })).id;
  const { id } = accepted(await uploadDistribution(ctx, fileOf("externalId\nx1\nx2\nx3\n"), { template }));
  await parkRead(ctx, { distribution: id, from: 0 });
  const second = await checked(ctx, "externalId\nx1\n", { template, follows: id });
  const third = uploadDistribution(ctx, fileOf("externalId\nx2\n"), { template, follows: second.id });
  expect(await third).toMatchObject({ code: "WRONG_STATE" });
  await issued(ctx, second.id);
  await issued(ctx, (await checked(ctx, "externalId\nx2\n", { template, follows: second.id })).id);
  await unparkRead(ctx, { distribution: id, from: 0 });
  const first = await read(ctx, id);
  expect(told(first, "predicted")).toEqual({ ALREADY_HELD: 2, ISSUED: 1 });
  expect(told(await issued(ctx, id), "ended")).toEqual({ ALREADY_HELD: 2, ISSUED: 1 });
  const causes = (await rowsOf(ctx, id)).map(({ cause }) => cause);
  expect(causes).toEqual(["ISSUED_BEFORE", "ISSUED_BEFORE", null]);
});

test("replaying a dead letter goes on with nothing whose coupons are being taken back", async () => {
  const { ctx, template, state, history } = await desk();
  const { id } = await checked(ctx, file, { template });
  accepted(await startDistribution(ctx, { id }));
  const batch = { distribution: id, batch: 0 };
  await parkBatch(ctx, batch);
  accepted(await withdrawDistribution(ctx, { id, reason: "a wrong list" }));
  await unparkBatch(ctx, batch);
  expect([await state(id), (await history(id)).at(-1)]).toEqual(["PAUSED", "takes back what is unused"]);
  await withdrawStretch(ctx, { distribution: id, from: 0 });
  await unparkBatch(ctx, batch);
  expect(await state(id)).toBe("RUNNING");
});

test("rows and files are kept for a time, what nobody goes on with is cancelled, and the sums stay", async () => {
  const { ctx, template, pass, state } = await desk();
  const forget = async () => {
    for (let rounds = 0; rounds < 5; rounds++) {
      for (const { forget } of distribution.keeps ?? []) await forget(ctx);
    }
  };
  const done = await issued(ctx, (await checked(ctx, file, { template })).id);
  const ready = await checked(ctx, file, { template });
  const open = accepted(await uploadDistribution(ctx, fileOf("externalId\nx3\n"), { template }));
  await ctx.db.write([
    sql`INSERT INTO distribution_piece (digest, number, bytes, at) VALUES ('nobody', 0, x'00', ${ctx.clock()})`,
  ]);
  pass(29 * day);
  await distribution.tidy?.(ctx);
  await forget();
  // The file of nobody is gone; one that is to be read is not.
  expect([await number(ctx, "distribution_piece"), await number(ctx, "distribution_left_out")]).toEqual([1, 6]);
  expect(await state(ready.id)).toBe("READY");
  pass(2 * day);
  await distribution.tidy?.(ctx);
  await forget();
  expect([await state(ready.id), await state(open.id)]).toEqual(["CANCELLED", "UPLOADED"]);
  const left = async (id: number) =>
    (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM distribution_block WHERE distribution = ${id}`))
      ?.n;
  expect([await left(done.id), await left(ready.id)]).toEqual([0, 1]);
  const forgotten = accepted(await findDistribution(ctx, done.id));
  expect(forgotten.forgottenAt).not.toBeNull();
  expect(told(forgotten, "ended")).toEqual(told(done, "ended"));
  pass(31 * day);
  await forget();
  expect([await number(ctx, "distribution_left_out"), await number(ctx, "distribution_given")]).toEqual([0, 0]);
});

test("while rows are forgotten nobody takes the rest for all of them, and the header goes with the last", async () => {
  const { ctx, template, pass } = await desk();
  const { id } = await issued(ctx, (await checked(ctx, "externalId,Kim\nx1,\nnobody,\n", { template })).id);
  const withdrawn = await issued(ctx, (await checked(ctx, "externalId\nx2\n", { template })).id);
  accepted(await withdrawDistribution(ctx, { id: withdrawn.id, reason: "a wrong list" }));
  const given = distributionTerms[0]?.read({ row: id }, []);
  const audience = (from: "range" | "index") => {
    if (!given || !("predicate" in given)) throw new Error("there is no such term");
    const predicate = given.predicate({ asOf: 0, timeZone: "UTC", shop: "", from });
    return ctx.db.all<{ seq: number }>(sql`SELECT m.seq FROM member m WHERE ${predicate}`);
  };
  const found = async () => accepted(await findDistribution(ctx, id));
  const [rows] = distribution.keeps ?? [];
  expect([await audience("range"), await audience("index")]).toEqual([[{ seq: 1 }], [{ seq: 1 }]]);
  pass(31 * day);
  // What is not forgotten yet, or only in part.
  for (const left of [1, 1, 0]) {
    expect(await rows?.forget(ctx)).toBe(1);
    expect(await ctx.db.all(sql`SELECT 1 FROM distribution_block WHERE distribution = ${id}`)).toHaveLength(left);
    expect((await found()).forgottenAt).not.toBeNull();
    expect([await audience("range"), await audience("index")]).toEqual([[], []]);
    expect(await takeReport(ctx, { id })).toMatchObject({ message: "Its rows are not kept any more." });
    expect(await withdrawDistribution(ctx, { id, reason: "too late" })).toMatchObject({ code: "WRONG_STATE" });
    expect((await found()).header).toEqual(["externalId", "Kim"]);
  }
  await rows?.forget(ctx);
  expect((await found()).header).toBeNull();
  // One of which coupons are being taken back is told by its rows which.
  expect(await rows?.forget(ctx)).toBe(0);
  expect(await number(ctx, "distribution_given")).toBe(1);
});

test("who finds a file gone that another has read to its end is done; a file that is missing is an error", async () => {
  const { ctx, template } = await desk();
  const before = accepted(await uploadDistribution(ctx, fileOf(file), { template }));
  let reads = 0;
  const read = async () => void reads++;
  await withStoredFile(ctx, before, read);
  await readFile(ctx, { distribution: before.id, from: 0 });
  await withStoredFile(ctx, before, read);
  expect(reads).toBe(1);
  const lost = accepted(await uploadDistribution(ctx, fileOf(file), { template }));
  await ctx.db.write([sql`DELETE FROM distribution_piece`]);
  await expect(withStoredFile(ctx, lost, read)).rejects.toThrow("is gone");
});
