import type { Encoding } from "../../src/file/encoding.ts";

/** A text in an encoding that there is no encoder for: by asking the decoder what each byte and each pair means. */
export function bytesIn(encoding: Encoding, text: string): Uint8Array<ArrayBuffer> {
  if (encoding === "utf-16le" || encoding === "utf-16be") {
    const bytes = Buffer.from(text, "utf16le");
    return encoding === "utf-16le" ? bytes : bytes.swap16();
  }
  const known = tableOf(encoding);
  return Uint8Array.from(
    [...text].flatMap((sign) => {
      const bytes = sign < "\x80" ? [sign.charCodeAt(0)] : known.get(sign);
      if (!bytes) throw new Error(`${encoding} has no ${sign}`);
      return [...bytes];
    }),
  );
}

const tables = new Map<Encoding, ReadonlyMap<string, readonly number[]>>();

function tableOf(encoding: Encoding): ReadonlyMap<string, readonly number[]> {
  const found = tables.get(encoding);
  if (found) return found;
  const all = [...spread(0x80, 0xff)].map((lead) => [lead]);
  const pairs = encoding.startsWith("windows") ? [] : [...spread(0x81, 0xfe)].flatMap((lead) => pairsOf(lead));
  const given = [...all, ...pairs];
  const read = new TextDecoder(encoding).decode(new Uint8Array(given.flatMap((bytes) => [...bytes, 0x0a]))).split("\n");
  const table = new Map(read.map((sign, n) => [sign, given[n] ?? []] as const).filter(([sign]) => sign !== "\uFFFD"));
  tables.set(encoding, table);
  return table;
}

function pairsOf(lead: number): number[][] {
  return [...spread(0x40, 0xfe)].map((trail) => [lead, trail]);
}

function* spread(from: number, to: number) {
  for (let n = from; n <= to; n++) yield n;
}
