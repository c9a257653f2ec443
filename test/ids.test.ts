import { expect, test } from "bun:test";
import { globalId, rowOf } from "../src/ids.ts";

test("a global id is read as the row that it was made of, by its own type alone", () => {
  for (const row of [1, 7, 999_999_999_999_999]) expect(rowOf("Run", globalId("Run", row))).toBe(row);
  expect(rowOf("Campaign", globalId("Run", 7))).toBeUndefined();
});

test("numbers, names and what only looks like an id are none", () => {
  const wrong = ["7", "", "Run:7", "zz", btoa("Run:"), btoa("Run:0"), btoa("Run:-1"), btoa("Run:1.5"), btoa("Run:007")];
  for (const id of [...wrong, ` ${globalId("Run", 7)}`, globalId("Run", "9".repeat(16))]) {
    expect([id, rowOf("Run", id)]).toEqual([id, undefined]);
  }
});

test("ids are made of signs that an address may carry", () => {
  for (let row = 1; row < 2_000; row += 7) expect(globalId("CouponTemplate", row)).toMatch(/^[A-Za-z0-9]+=*$/);
});
