/** How numbers of a style are shown. */
export type NumberKind =
  | { readonly is: "plain" | "scientific" }
  | { readonly is: "zeros"; readonly digits: number }
  | { readonly is: "moment"; readonly hasDate: boolean; readonly hasTime: boolean };

export const plainNumber: NumberKind = { is: "plain" };

/** Formats that have a number for their name; 27 to 36 and 50 to 58 are dates in East Asia. */
const dates = (id: number) => (id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id === 36 || (id >= 50 && id <= 58);
const times = (id: number) => (id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47);

/** What a number format makes of a number. Colours, quoted texts and what keeps room are no part of it. */
export function kindOf(id: number, code: string | undefined): NumberKind {
  if (code === undefined) {
    if (id === 22) return { is: "moment", hasDate: true, hasTime: true };
    if (dates(id) || times(id)) return { is: "moment", hasDate: dates(id), hasTime: times(id) };
    return { is: id === 11 || id === 48 ? "scientific" : "plain" };
  }
  const [bare = ""] = code.replace(/"[^"]*"|\\.|[_*].|\[[^\]]*\]/g, "").split(";");
  if (/^0{2,}$/.test(bare)) return { is: "zeros", digits: bare.length };
  if (/E[+-]/i.test(bare)) return { is: "scientific" };
  if (/general/i.test(bare) || !/[ymdhs]/i.test(bare)) return plainNumber;
  const hasTime = /[hs]/i.test(bare);
  return { is: "moment", hasDate: /[yd]/i.test(bare) || !hasTime, hasTime };
}

export type NumberText = { readonly text: string } | { readonly fault: string };

/** A spreadsheet keeps 15 digits of a number, and makes zeros of those behind them. */
const exact = 1e15;

/** A number as its cell shows it, or why that is not what was written into it. */
export function numberText(raw: string, kind: NumberKind, is1904: boolean): NumberText {
  const value = Number(raw);
  if (!/\d\s*$/.test(raw) || /[xob]/i.test(raw) || !Number.isFinite(value)) return { fault: "is no number" };
  if (kind.is === "moment") return momentText(value, kind, is1904);
  if (kind.is === "scientific" || Math.abs(value) >= exact) return { fault: roundedNumber };
  const text = String(value);
  if (text.includes("e")) return { fault: roundedNumber };
  return { text: kind.is === "zeros" && /^\d+$/.test(text) ? text.padStart(kind.digits, "0") : text };
}

const roundedNumber =
  "is a number of which a spreadsheet does not keep or show all digits: format the column as text, and write it again";

const dayMs = 86_400_000;
/** 9999-12-31 */
const lastDay = 2_958_465;

/**
 * A day or a moment, of no zone, as ISO 8601 writes it. Days count from 1900-01-01, which is 1, and include a
 * 1900-02-29 that never was, or from 1904-01-01, which is 0.
 */
function momentText(
  value: number,
  { hasDate, hasTime }: { readonly hasDate: boolean; readonly hasTime: boolean },
  is1904: boolean,
): NumberText {
  const serial = is1904 ? value + 1_462 : value;
  const day = Math.floor(serial);
  if (value < 0 || day > lastDay || (hasDate && day === 60)) return { fault: "is a day that no calendar has" };
  const since = Date.UTC(1899, 11, day < 60 ? 31 : 30) + Math.round(serial * dayMs);
  const iso = new Date(since).toISOString();
  const time = iso.slice(11, iso.endsWith(".000Z") ? 19 : 23);
  if (!hasDate || (hasTime && day === 0 && !is1904)) return { text: time };
  return { text: hasTime ? `${iso.slice(0, 10)}T${time}` : iso.slice(0, 10) };
}
