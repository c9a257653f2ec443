import { isUtf8 } from "node:buffer";
import type { Timers } from "../world.ts";
import type { Encoding } from "./encoding.ts";
import { piecesOf } from "./file.ts";

/** Signs that stand for bytes that mean nothing: the replacement character, and what windows-125x leaves undefined. */
const damage = /[\uFFFD\x81\x8D\x8F\x90\x9D]/;

/** Whether a text has signs in it that stand for bytes which mean nothing in its encoding. */
export function isDamaged(text: string): boolean {
  return damage.test(text);
}

/** The text of a file, a piece at a time, without the mark at its beginning. */
export async function* textsOf(content: Blob, encoding: Encoding, timers: Timers): AsyncGenerator<string> {
  if (encoding === "utf-8") yield* utf8TextsOf(content, timers);
  else {
    const decoder = new TextDecoder(encoding);
    for await (const piece of piecesOf(content, timers)) yield decoder.decode(piece, { stream: true });
    yield decoder.decode();
  }
}

/** Several times as fast as a decoder that streams. */
async function* utf8TextsOf(content: Blob, timers: Timers): AsyncGenerator<string> {
  let isFirst = true;
  for await (const whole of wholeUtf8(piecesOf(content, timers))) {
    const text = whole.toString("utf8");
    yield isFirst && text.startsWith("\uFEFF") ? text.slice(1) : text;
    isFirst = false;
  }
}

/** Takes what a file's bytes are made of: whether it is UTF-8 from end to end. */
export function utf8Check() {
  const cut = cutter();
  let isSound = true;
  return {
    take(piece: Uint8Array): void {
      if (isSound) isSound = isUtf8(cut.take(piece));
    },
    isSound: () => isSound && isUtf8(cut.left()),
  };
}

/** The same bytes, cut so that no character lies in two pieces. */
async function* wholeUtf8(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const cut = cutter();
  for await (const piece of pieces) yield cut.take(piece);
  yield cut.left();
}

function cutter() {
  let left: Buffer = Buffer.alloc(0);
  return {
    take(piece: Uint8Array): Buffer {
      const bytes =
        left.length > 0 ? Buffer.concat([left, piece]) : Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      const end = wholeLength(bytes);
      left = Buffer.from(bytes.subarray(end)); // the stream may use its memory again
      return bytes.subarray(0, end);
    },
    left: () => left,
  };
}

/** Up to where bytes hold whole characters: a character begins at most three bytes before the end that cuts it. */
function wholeLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
    if (size > 0) return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
