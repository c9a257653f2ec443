import { type NumberKind, numberText, plainNumber } from "./number.ts";
import { unescaped } from "./rich-text.ts";
import type { SharedStrings } from "./strings.ts";

/** A cell as it stands in a sheet. */
export interface RawCell {
  readonly type: string;
  readonly style: number;
  /** Its text, in `v` or `is`: undefined where there is none, a number where it is too long. */
  readonly value: string | number | undefined;
  readonly isFormula: boolean;
}

/** What the cells of a workbook refer to. */
export interface CellWorld {
  readonly strings: SharedStrings["at"];
  readonly kinds: readonly NumberKind[];
  readonly is1904: boolean;
  readonly mostCharacters: number;
}

export type CellText = { readonly text: string } | { readonly fault: string };

/** What a cell says: its text, its number, its day, what its formula came to; or why that is not known. */
export function cellText({ type, style, value, isFormula }: RawCell, world: CellWorld): CellText {
  if (value === undefined || (value === "" && type !== "str"))
    return isFormula
      ? { fault: "is a formula without its result: open the file in a spreadsheet and save it" }
      : { text: "" };
  if (typeof value === "number") return tooLong(world);
  switch (type) {
    case "n":
      return numberText(value, world.kinds[style] ?? plainNumber, world.is1904);
    case "s": {
      const text = /^\d+$/.test(value) ? world.strings(Number(value)) : undefined;
      if (text === undefined) return { fault: "refers to a text that the workbook does not have" };
      return text === null ? tooLong(world) : { text };
    }
    case "str":
    case "inlineStr": {
      const text = unescaped(value);
      return text.length > world.mostCharacters ? tooLong(world) : { text };
    }
    case "b":
      return { text: value.trim() === "1" ? "TRUE" : "FALSE" };
    case "d":
      return { text: value.trim().replace(/T00:00(:00(\.0+)?)?$/, "") };
    case "e":
      return { fault: `is an error of the spreadsheet: ${value.slice(0, 40)}` };
    default:
      return { fault: "is of a kind that no spreadsheet has" };
  }
}

function tooLong({ mostCharacters }: CellWorld): CellText {
  return { fault: `has more than ${mostCharacters.toLocaleString("en")} characters` };
}
