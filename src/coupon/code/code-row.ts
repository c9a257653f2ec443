import { codeKey, codeText } from "../../value/coupon-code.ts";
import type { CodeFault } from "./pool-table.ts";

/** How long codes that are uploaded may be; what people type around them, blanks and hyphens, counts for neither. */
export const codeLength = { min: 8, max: 64 } as const;

/** One row of a file of codes. */
export type CodeRow =
  | { readonly kind: "code"; readonly line: number; readonly code: string; readonly key: string }
  | { readonly kind: "fault"; readonly line: number; readonly reason: CodeFault }
  | { readonly kind: "blank"; readonly line: number };

/**
 * Reads the cell of a row that holds the code, without what a program made of it. Letters of ASCII, digits, hyphens and
 * underscores, and at the end perhaps a check symbol.
 */
export function readCodeRow(cell: string, line: number): CodeRow {
  const code = codeText(cell);
  if (code === "") return { kind: "blank", line };
  const key = codeKey(code);
  if (code.length > codeLength.max) return { kind: "fault", line, reason: "TOO_LONG" };
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?-?[*~$=]?$/.test(code))
    return { kind: "fault", line, reason: "MALFORMED" };
  if (key.length < codeLength.min) return { kind: "fault", line, reason: "TOO_SHORT" };
  return { kind: "code", line, code, key };
}

/**
 * The column of a file that holds the codes, from 0, if its first row is a header; otherwise undefined, and they are in
 * the first.
 */
export function codeColumn(first: readonly string[]): number | undefined {
  const at = first.findIndex((cell) => cell.trim().toLowerCase() === "code");
  return at < 0 ? undefined : at;
}
