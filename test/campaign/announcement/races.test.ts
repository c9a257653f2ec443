import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { approvePromotion } from "../../../src/campaign/announcement/approve.ts";
import { disablePromotion } from "../../../src/campaign/announcement/disable.ts";
import { updatePromotion } from "../../../src/campaign/announcement/edit.ts";
import { enablePromotion } from "../../../src/campaign/announcement/enable.ts";
import { reviewOf } from "../../../src/campaign/announcement/review.ts";
import { cancelOver } from "../../../src/campaign/control/stop.ts";
import { runProgress } from "../../../src/campaign/progress/progress.ts";
import { cancelOpen } from "../../../src/campaign/run/cancel.ts";
import { frozenRun } from "../../../src/campaign/run/frozen.ts";
import { writePage } from "../../../src/campaign/run/page.ts";
import { planStep } from "../../../src/campaign/run/plan.ts";
import { startRun } from "../../../src/campaign/run/start.ts";
import type { Context } from "../../../src/context.ts";
import { updateTemplate } from "../../../src/coupon/template/edit.ts";
import { isRefusal } from "../../../src/errors.ts";
import { findPromotion } from "../../../src/promotion/promotion.ts";
import { addPromotion, announced, announcementRuns, versionRead, withLimits } from "../../support/announcements.ts";
import { addTemplate } from "../../support/coupons.ts";
import { interferedEverywhere } from "../../support/interfering.ts";
import { bookFaults, ledgerOf, runOf } from "../../support/ledger.ts";
import { counted } from "../../support/length.ts";
import { closeLedgers, type Ledger, openLedger } from "../../support/light.ts";
import { approvingAbove, as } from "../../support/persons.ts";
import { accepted } from "../../support/shop.ts";

let ledger: Ledger;
let [kim, ada]: Context[] = [];
beforeAll(async () => {
  ledger = await openLedger();
  await ledger.members(3);
  const ctx = withLimits(ledger.ctx);
  [kim, ada] = [as(ctx, "Kim", 1), as(ctx, "Ada", 2)];
});
afterAll(closeLedgers);

const soonMs = 5_000;
const stateOf = async (run: number) => (await runOf(ledger.ctx.db, run)).state;
const approve = async (by: Context, id: number) => approvePromotion(by, { id, version: await versionRead(by, id) });
const aGift = async (name: string) => (await addTemplate(ledger.ctx, { name, issueMode: "SYSTEM" })).id;
const giving = (couponTemplate: number) => ({ rule: { kind: "COUPON", tiers: [{ spend: 100, couponTemplate }] } });

/** What a run tells of its promotion, as JSON. */
async function toldIn(run: number): Promise<string> {
  return JSON.stringify((await frozenRun(ledger.ctx, run)).action);
}

/** The message that it left itself comes, where it left one. */
async function startsAgain(run: number): Promise<void> {
  ledger.pass(1_001);
  await startRun(kim!, { run });
}

describe("whoever comes between while an announcement begins, nobody is told what is no longer true", () => {
  /** A promotion that gives a coupon of an old name, and the run that announces it, which is due. */
  async function dueRun(): Promise<{ id: number; run: number; gift: number }> {
    const gift = await aGift("Old gift");
    const id = await addPromotion(kim!, { startsAt: ledger.ctx.clock() + soonMs, ...giving(gift) });
    const run = await announced(kim!, { id });
    ledger.pass(soonMs);
    return { id, run, gift };
  }

  const edits: Readonly<Record<string, (id: number, gift: number) => Promise<unknown>>> = {
    "its remark": async (id) => accepted(await updatePromotion(kim!, { id, draft: { remark: "New words" } })),
    "what it promises, approved of by a second person": async (id) => {
      accepted(await updatePromotion(kim!, { id, draft: giving(await aGift("New words")) }));
      accepted(await approve(ada!, id));
    },
    "the name of the coupon that it gives": async (_, gift) =>
      accepted(await updateTemplate(kim!, { id: gift, draft: { name: "New words" } })),
  };
  test.each(Object.entries(edits))("%s is edited", async (_, edit) => {
    const times = await interferedEverywhere(async (between) => {
      const { id, run, gift } = await dueRun();
      await startRun(
        between.with(kim!, () => edit(id, gift)),
        { run },
      );
      if (!between.came()) return;
      if ((await stateOf(run)) === "PENDING") await startsAgain(run);
      expect([await stateOf(run), await toldIn(run)]).toEqual(["RUNNING", expect.stringContaining("New words")]);
    });
    expect(times).toBeGreaterThan(4);
  });

  test("it is disabled: it never begins; kept, it does once it is enabled again", async () => {
    await interferedEverywhere(async (between) => {
      const { id, run } = await dueRun();
      await startRun(
        between.with(kim!, async () => accepted(await disablePromotion(kim!, { id }))),
        { run },
      );
      if (between.came()) expect(await stateOf(run)).toBe("CANCELLED");
    });
    await interferedEverywhere(async (between) => {
      const { id, run } = await dueRun();
      await startRun(
        between.with(kim!, async () => accepted(await disablePromotion(kim!, { id, announcements: "KEEP" }))),
        { run },
      );
      if (!between.came()) return;
      await startsAgain(run);
      expect(await stateOf(run)).toBe("PENDING");
      const [progress] = await runProgress(kim!, [run]);
      expect(progress?.waitsFor).toBe("someone to enable its promotion again");
      accepted(await updatePromotion(kim!, { id, draft: giving(await aGift("New words")) }));
      const before = (await ledger.messages())["campaign-start"] ?? 0;
      expect(accepted(await enablePromotion(kim!, { id })).announcement).toBeNull();
      expect((await ledger.messages())["campaign-start"]).toBe(before + 1);
      await startRun(kim!, { run });
      expect([await stateOf(run), await toldIn(run)]).toEqual(["RUNNING", expect.stringContaining("New words")]);
    });
  });

  test("it is over: kept until then, it never begins", async () => {
    const [startsAt, endsAt] = [ledger.ctx.clock() + soonMs, ledger.ctx.clock() + 2 * soonMs];
    const id = await addPromotion(kim!, { startsAt, endsAt });
    const run = await announced(kim!, { id });
    accepted(await disablePromotion(kim!, { id, announcements: "KEEP" }));
    ledger.pass(soonMs);
    expect(await startRun(kim!, { run })).toBe("WHEN_TOLD");
    await cancelOver(kim!, run);
    expect(await stateOf(run)).toBe("PENDING");
    ledger.pass(soonMs);
    expect(await startRun(kim!, { run })).toBe("NEVER");
    await cancelOver(kim!, run);
    expect(await stateOf(run)).toBe("CANCELLED");
  });

  test("it is announced anew: that begins when the old one has stopped, and never tells whom it told", async () => {
    await interferedEverywhere(async (between) => {
      const { id, run } = await dueRun();
      let second = 0;
      await startRun(
        between.with(kim!, async () => {
          second = await announced(kim!, { id, announce: "UNREACHED" });
        }),
        { run },
      );
      if (between.came()) expect([await stateOf(run), await stateOf(second)]).toEqual(["CANCELLED", "PENDING"]);
    });
    const { id, run } = await dueRun();
    await startRun(kim!, { run });
    await planStep(kim!, { run, from: 0 });
    await writePage(kim!, { run, page: 0 });
    const second = await announced(kim!, { id, announce: "UNREACHED" });
    await startRun(kim!, { run: second });
    expect([await stateOf(run), await stateOf(second)]).toEqual(["COMPLETED", "RUNNING"]);
    await planStep(kim!, { run: second, from: 0 });
    await writePage(kim!, { run: second, page: 0 });
    expect([await ledgerOf(ledger.ctx.db, run), await ledgerOf(ledger.ctx.db, second)]).toEqual([
      { "IN_APP SENT": 3 },
      {},
    ]);
  });
});

test("disabled at whatever moment of a page: all of it is told, or none, and the figures say which", async () => {
  await interferedEverywhere(async (between) => {
    const id = await addPromotion(kim!);
    const run = await announced(kim!, { id, announcement: { channels: ["IN_APP", "EMAIL"] } });
    await startRun(kim!, { run });
    await planStep(kim!, { run, from: 0 });
    const disable = async () => accepted(await disablePromotion(kim!, { id })).stopped;
    let stopped = await Promise.resolve<Awaited<ReturnType<typeof disable>>>([]);
    await writePage(
      between.with(kim!, async () => {
        stopped = await disable();
      }),
      { run, page: 0 },
    );
    if (!between.came()) stopped = await disable();
    await cancelOpen(kim!, { run });
    expect(await stateOf(run)).toBe("CANCELLED");
    expect(await bookFaults(ledger.ctx.db, run)).toEqual([]);
    expect(await ledgerOf(ledger.ctx.db, run)).toEqual(
      between.came() ? { "EMAIL CANCELLED": 3, "IN_APP CANCELLED": 3 } : { "EMAIL CANCELLED": 3, "IN_APP SENT": 3 },
    );
    const told = between.came() ? 0 : 3;
    expect(stopped).toMatchObject([{ told, underWay: 0, untold: 6 - told }]);
  });
});

test("edited at whatever moment of enabling: the announcement is for whom it is then, or a conflict", async () => {
  const audience = { filter: { level: { gte: 0 } } };
  const times = await interferedEverywhere(async (between) => {
    const id = await addPromotion(kim!);
    const edit = async () => accepted(await updatePromotion(kim!, { id, draft: { audience } }));
    const answer = await enablePromotion(between.with(kim!, edit), { id });
    if (isRefusal(answer)) expect([answer.code, (await findPromotion(kim!, id))?.enabled]).toEqual(["CONFLICT", false]);
    else if (between.came()) expect(answer.announcement?.audience).toEqual(audience);
    else expect(answer.announcement?.audience).toEqual({ everyone: true });
  });
  expect(times).toBeGreaterThan(2);
});

describe("approved of while it is edited: what was read, or nothing", () => {
  const tiersOf = async (id: number) => JSON.stringify((await findPromotion(kim!, id))?.tiers);
  const off = (amount: number) => ({ rule: { kind: "FULL_REDUCTION", tiers: [{ spend: 20_000, off: amount }] } });

  test("its enabling", async () => {
    const ben = approvingAbove(as(ledger.ctx, "Ben", 3), 1);
    for (let i = 0; i < counted(2, 200); i++) {
      const id = await addPromotion(kim!, off(1));
      accepted(await enablePromotion(ben, { id }));
      const version = await versionRead(ada!, id);
      const acts = [() => approvePromotion(ada!, { id, version }), () => updatePromotion(ben, { id, draft: off(2) })];
      const order = i % 2 === 0 ? acts : acts.toReversed();
      const answers = await Promise.all(order.map((act) => act()));
      const approval = i % 2 === 0 ? answers[0] : answers[1];
      const waits = await reviewOf(kim!, id);
      if (isRefusal(approval!)) {
        expect(approval).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("tiers by operator Ben") });
        expect([await tiersOf(id), waits?.what, (await announcementRuns(kim!.db, id)).length]).toEqual([
          JSON.stringify(off(2).rule.tiers),
          "ENABLE",
          0,
        ]);
      } else {
        // The edit came after it, of an enabled one: it waits in its turn.
        expect([await tiersOf(id), waits?.what]).toEqual([JSON.stringify(off(1).rule.tiers), "EDIT"]);
        const [run = 0] = await announcementRuns(kim!.db, id);
        await startRun(kim!, { run });
        expect(await toldIn(run)).toContain('"off":1');
      }
    }
  });

  test("another edit", async () => {
    for (let i = 0; i < counted(2, 200); i++) {
      const id = await addPromotion(kim!, off(1));
      accepted(await enablePromotion(kim!, { id, announce: "NO" }));
      accepted(await updatePromotion(kim!, { id, draft: off(2) }));
      const version = await versionRead(ada!, id);
      const acts = [() => approvePromotion(ada!, { id, version }), () => updatePromotion(kim!, { id, draft: off(3) })];
      const answers = await Promise.all((i % 2 === 0 ? acts : acts.toReversed()).map((act) => act()));
      const approval = i % 2 === 0 ? answers[0] : answers[1];
      const now = isRefusal(approval!) ? 1 : 2;
      expect([await tiersOf(id), await reviewOf(kim!, id)]).toEqual([
        JSON.stringify(off(now).rule.tiers),
        expect.objectContaining({ what: "EDIT", changes: off(3) }),
      ]);
    }
  });
});
