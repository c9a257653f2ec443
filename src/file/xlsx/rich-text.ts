import type { Path } from "./xml.ts";

/** Gathers a text that comes in pieces, and nothing of one that is longer than a cell may be. */
export function textGatherer(mostCharacters: number) {
  const most = mostCharacters * 7; // a sign may be written as _x0041_
  let [text, length] = ["", 0];
  return {
    add(piece: string): void {
      length += piece.length;
      text = length > most ? "" : text + piece;
    },
    /** What was gathered; of what is too long, its length. */
    take(): string | number {
      const taken = length > most ? length : text;
      [text, length] = ["", 0];
      return taken;
    },
  };
}

/** Whether what stands there belongs to a text, formatted or not, and does not say how it sounds. */
export function isSaid(path: Path): boolean {
  return path.at(-1) === "t" && path.at(-2) !== "rPh";
}

/** Signs that XML has not are written so. */
export function unescaped(text: string): string {
  if (!text.includes("_x")) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)).replace(/[\0\uFFFF]/, ""),
  );
}
