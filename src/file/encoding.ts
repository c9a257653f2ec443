/** What the bytes of a file may be read as, by the names of the Encoding Standard. */
export const encodings = [
  "utf-8",
  "utf-16le",
  "utf-16be",
  "gb18030",
  "big5",
  "shift_jis",
  "euc-kr",
  "windows-1250",
  "windows-1251",
  "windows-1252",
  "windows-1253",
  "windows-1254",
] as const;
export type Encoding = (typeof encodings)[number];

/** The encoding that people call so; GBK and Latin-1 are parts of larger ones. */
export function encodingNamed(label: string): Encoding | undefined {
  const name = canonicalLabel(label.trim());
  return encodings.find((encoding) => encoding === (name === "gbk" ? "gb18030" : name));
}

function canonicalLabel(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding.toLowerCase();
  } catch {
    return undefined; // no such label
  }
}

/** What the first bytes of a file say that it is encoded in. */
export function markedEncoding([a, b, c]: Uint8Array): Encoding | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (a === 0xff && b === 0xfe) return "utf-16le";
  return a === 0xfe && b === 0xff ? "utf-16be" : undefined;
}

/** UTF-16 without a mark: delimiters, digits and line ends have their NUL on one side, always the same. */
export function wideEncoding(head: Uint8Array): Encoding | undefined {
  const nuls = [0, 0];
  for (const [i, byte] of head.entries()) if (byte === 0) nuls[i % 2] = (nuls[i % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = nuls;
  if (Math.max(even, odd) < head.length / 20 || Math.min(even, odd) > Math.max(even, odd) / 10) return undefined;
  return odd > even ? "utf-16le" : "utf-16be";
}
