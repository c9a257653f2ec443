interface TextGatherer {
  open(name: string): void;
  text(text: string): void;
  close(name: string): void;
  /** What was gathered; undefined where it is longer than a cell may be. */
  take(): string | undefined;
}

/** Gathers the text of a string item, `si` or `is`: all its `t`, formatted or not, without what says how it sounds. */
export function textGatherer(most: number): TextGatherer {
  let [value, isLong, isText, isSound] = ["", false, false, false];
  return {
    open(name) {
      if (name === "t") isText = true;
      else if (name === "rPh") isSound = true;
    },
    text(text) {
      if (!isText || isSound || isLong) return;
      value = value === "" ? text : value + text;
      isLong = value.length > most * 7; // a sign may be written as _x0041_
      if (isLong) value = "";
    },
    close(name) {
      if (name === "t") isText = false;
      else if (name === "rPh") isSound = false;
    },
    take() {
      const text = unescaped(value);
      const isTooLong = isLong || text.length > most;
      [value, isLong] = ["", false];
      return isTooLong ? undefined : text;
    },
  };
}

/** Signs that XML has not are written so. */
export function unescaped(text: string): string {
  if (!text.includes("_x")) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)).replace(/[\0\uFFFF]/, ""),
  );
}
