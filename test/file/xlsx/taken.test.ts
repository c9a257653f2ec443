import { afterAll, expect, test } from "bun:test";
import { uploadCodes } from "../../../src/coupon/code/pool-upload.ts";
import { importMembers } from "../../../src/member/import.ts";
import { findMember } from "../../../src/member/member.ts";
import { addTemplate } from "../../support/coupons.ts";
import { closeLedgers, openLedger } from "../../support/light.ts";
import { accepted } from "../../support/shop.ts";
import { sharedRows, workbookOf } from "../../support/workbook.ts";

afterAll(closeLedgers);

const fileOf = (table: readonly (readonly string[])[]) => ({
  name: "sent.xlsx",
  content: new Blob([workbookOf(sharedRows(table))]),
});

/** A workbook that breaks off in its third row. */
const cut = {
  name: "cut.xlsx",
  content: new Blob([
    workbookOf({
      rows: ["code", "CUTTING-001"]
        .map((text) => `<row><c t="str"><v>${text}</v></c></row>`)
        .join("")
        .concat("<row><c>"),
    }),
  ]),
};

test("members and codes are taken from a workbook; one that breaks off ends as failed where it does", async () => {
  const { ctx } = await openLedger();
  const members = fileOf([
    ["External ID", "phone", "first name"],
    ["0042", "+8613800138000", "Kim & Mo"],
    ["43", "no phone", "Li"],
  ]);
  const task = accepted(await importMembers(ctx, members, { names: { "first name": "attribute:first" } }));
  expect(task).toMatchObject({ state: "done", rows: 2, created: 1, faulty: 1 });
  const kim = await findMember(ctx, { externalId: "0042" });
  expect(kim).toMatchObject({ phone: "+8613800138000", attributes: { first: "Kim & Mo" } });

  const { id } = await addTemplate(ctx, { codeMode: "POOL" });
  const pool = accepted(
    await uploadCodes(
      ctx,
      id,
      fileOf([
        ["no", "code"],
        ["1", "AUTUMN-001"],
        ["2", "AUTUMN-002"],
      ]),
    ),
  );
  expect(pool).toMatchObject({ state: "READY", made: 2, refused: 0 });
  expect(accepted(await uploadCodes(ctx, id, cut))).toMatchObject({ state: "FAILED", made: 1, refused: 1 });
});
