import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { type TemplateState, templateStates } from "../../../src/coupon/table.ts";
import { isLive, type TransitionName, transitions, transitionTemplates } from "../../../src/coupon/template/state.ts";
import { listTemplates, templatesById } from "../../../src/coupon/template/template.ts";
import { historyOf, subjectOf } from "../../../src/transition/audit.ts";
import { stateAfter } from "../../../src/transition/transition.ts";
import { addTemplate } from "../../support/coupons.ts";
import { openTestDatabase } from "../../support/database.ts";
import { testContext } from "../../support/graphql.ts";

test("a template whose window or validity is over has ended for whoever reads it before the sweep", async () => {
  const db = await openTestDatabase();
  const ctx = testContext(db);
  const now = ctx.clock();
  const over = { closesAt: now - 1 };
  const facts = [over, { validTo: now - 1 }, { ...over, state: "SOLD_OUT" }, { ...over, state: "DRAFT" }, {}] as const;
  const ids: number[] = [];
  for (const each of facts) ids.push((await addTemplate(ctx, each)).id);
  const states = ["ENDED", "ENDED", "ENDED", "DRAFT", "ACTIVE"] as const;
  expect((await templatesById(ctx, ids)).map((template) => template?.state)).toEqual([...states]);
  for (const state of templateStates) {
    const listed = (await listTemplates(ctx, { limit: 9, state })).map(({ id }) => id).reverse();
    expect([state, listed]).toEqual([state, ids.filter((_, n) => states[n] === state)]);
  }
  await db.close();
});

const anyTransitions = fc.array(fc.constantFrom(...(Object.keys(transitions) as TransitionName[])), { maxLength: 12 });

test("DRAFT → ACTIVE ⇄ SOLD_OUT → ENDED | WITHDRAWN: nothing leaves an end, claims open by activating alone", () => {
  fc.assert(
    fc.property(anyTransitions, (list) => {
      let state: TemplateState = "DRAFT";
      for (const transition of list) {
        const next: TemplateState | undefined = stateAfter<TemplateState>(state, transitions[transition]);
        if (state === "ENDED" || state === "WITHDRAWN") expect(next).toBeUndefined();
        if (next === "DRAFT") throw new Error("nothing becomes a draft again");
        if (next && isLive(next) && !isLive(state)) expect([state, transition]).toEqual(["DRAFT", "activate"]);
        if (state === "DRAFT" && next) expect(["ACTIVE", "WITHDRAWN"]).toContain(next);
        state = next ?? state;
      }
    }),
  );
});

test("the database allows what the table of transitions allows, and logs every transition once", async () => {
  const db = await openTestDatabase();
  const ctx = testContext(db);
  await fc.assert(
    fc.asyncProperty(anyTransitions, async (list) => {
      const { id } = await addTemplate(ctx, { state: "DRAFT" });
      let state: TemplateState = "DRAFT";
      const logged: string[] = [];
      for (const transition of list) {
        const next: TemplateState | undefined = stateAfter<TemplateState>(state, transitions[transition]);
        const results = await db.write(transitionTemplates(ctx, transition, sql`id = ${id}`));
        expect(results.at(-1)?.rowsAffected).toBe(next ? 1 : 0);
        if (next) logged.push(`${state} ${next}`);
        state = next ?? state;
      }
      const row = await db.first(sql`SELECT state FROM coupon_template WHERE id = ${id}`);
      expect(row).toEqual({ state });
      const found = await historyOf(ctx, subjectOf("coupon-template", id));
      expect(found.reverse().map(({ from, to }) => `${from} ${to}`)).toEqual(logged);
      expect(found.every(({ actor }) => actor === "job test")).toBe(true);
    }),
    { numRuns: 40 },
  );
  await db.close();
});
