import { z } from "zod";
import { type Reader, unfit } from "./value.ts";

/** Reads a whole number as files write it. */
export const readWhole: Reader<number> = (text) => {
  const trimmed = text.normalize("NFKC").trim();
  if (!/^[+-]?\d+$/.test(trimmed)) return unfit("is no whole number: write digits alone, e.g. 12");
  return Number.isSafeInteger(Number(trimmed)) ? Number(trimmed) : unfit(tooLarge);
};

/** Reads a number as files write it, with a point before its decimals. One whose digits would be lost is refused. */
export const readNumber: Reader<number> = (text) => {
  const trimmed = text.normalize("NFKC").trim();
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return unfit("is no number: write it like 38.5");
  return isExact(trimmed) && isSafe(Number(trimmed)) ? Number(trimmed) : unfit(inexact);
};

export const inexact = "has more digits than a number keeps: make it a text, in quotes";
const tooLarge = "is beyond 9,007,199,254,740,991, up to which numbers are exact: write a smaller one";

/** Whether a number that was written so is kept with all its digits: read and written again, it is the same. */
export function isExact(written: string): boolean {
  const value = Number(written);
  return Number.isFinite(value) && significant(written) === significant(String(value));
}

/** Whether a number, read already, is surely the one that was written: larger ones may have lost their last digits. */
export function isSafe(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/** The schema of a number in JSON. */
export const exactNumber = () => z.number().refine(isSafe, inexact);

/** The digits of a number and their place, whichever way it is written: `1.50e3` and `1500` are the same. */
function significant(written: string): string {
  const [, sign = "", whole = "", decimals = "", exponent = "0"] =
    /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(written) ?? [];
  const digits = `${whole}${decimals}`.replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${sign === "-" ? "-" : ""}${kept}e${Number(exponent) - decimals.length + digits.length - kept.length}`;
}
