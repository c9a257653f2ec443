import { readSync } from "node:fs";
import type { Timers } from "../../world.ts";
import { Unreadable } from "./unreadable.ts";

/** A page is so many texts, behind the places at which they end, in four bytes each. */
export const pageSize = 16;
export const headSize = pageSize * 4;

/** What a file of texts has. */
export interface Pages {
  /** Where each page begins. */
  readonly starts: readonly number[];
  readonly count: number;
  /** Bytes. */
  readonly size: number;
  /** Of the texts that are too long, and not kept, how long they are. */
  readonly long: ReadonlyMap<number, number>;
  /** Characters that cells may make of the texts by referring to them. */
  readonly mostUnfolded: number;
}

export interface PageReader {
  /** The text of a number. Null: it is longer than a cell may be. Undefined: there is none. */
  readonly at: (index: number) => string | null | undefined;
  /** Hands a sheet's text on, at times many pieces of it after one another. */
  readonly lookThrough: (texts: AsyncIterable<string>) => AsyncGenerator<string>;
}

/** Bytes that are read together: of texts that are asked for in no order, and in their order. */
const [little, much] = [4_096, 262_144];
/** Characters of a sheet that are looked through together. */
const blockSize = 1_048_576;
/** Characters of texts that are kept for a block. */
const mostAhead = 4_194_304;
const reference = / t="s"[^<>]*><v>(\d{1,8})</g;

/**
 * Reads texts from their file. Cells that refer to them in their order cost nearly nothing, in no order a read each:
 * where that shows, a large block of the sheet is looked through first, and what it refers to is read in the order of
 * the file.
 */
export function pageReader(file: number, pages: Pages, { now, soon }: Timers): PageReader {
  const texts = textReader(file, pages);
  const ahead = new Map<number, string>();
  let [asked, unfolded, isShuffled] = [0, 0, false];

  async function readAhead(block: readonly string[]): Promise<void> {
    ahead.clear();
    const pause = pauses(now, soon);
    const found: number[] = [];
    for (const piece of block) {
      for (const [, index] of piece.matchAll(reference)) found.push(Number(index));
      await pause();
    }
    const wanted = Uint32Array.from(found).sort();
    const together = pages.size < wanted.length * little * 4 ? much : little;
    let length = 0;
    for (const index of wanted) {
      if (ahead.has(index)) continue;
      const text = texts.at(index, together);
      if (typeof text !== "string") continue;
      ahead.set(index, text);
      length += text.length;
      if (length > mostAhead) return;
      if (ahead.size % 256 === 0) await pause();
    }
  }

  return {
    at(index) {
      asked++;
      const text = ahead.get(index) ?? texts.at(index, little);
      unfolded += text?.length ?? pages.long.get(index) ?? 0;
      if (unfolded > pages.mostUnfolded)
        throw new Unreadable("unfolds into too much: its cells refer to long texts too often");
      return text;
    },
    async *lookThrough(pieces) {
      for await (const block of blocksOf(pieces, () => (isShuffled ? blockSize : 0))) {
        isShuffled ||= texts.reads() > 1_000 + asked / 4;
        if (isShuffled) await readAhead(block);
        for (const piece of block) {
          yield piece;
          await new Promise<void>(soon);
        }
      }
    },
  };
}

/** Pieces, so many together that they have `size` characters; also those before one that cannot be read. */
async function* blocksOf(pieces: AsyncIterable<string>, size: () => number): AsyncGenerator<string[]> {
  let [block, length]: [string[], number] = [[], 0];
  try {
    for await (const piece of pieces) {
      block.push(piece);
      length += piece.length;
      if (length < size()) continue;
      yield block;
      [block, length] = [[], 0];
    }
  } catch (error) {
    yield block;
    throw error;
  }
  yield block;
}

function textReader(file: number, { starts, count, long }: Pages) {
  let [buffer, begins, ends, reads] = [Buffer.allocUnsafe(much), 0, 0, 0];

  /** Where bytes of the file lie in the buffer. */
  function placeOf(from: number, length: number, together: number): number {
    if (from >= begins && from + length <= ends) return from - begins;
    if (length > buffer.length) buffer = Buffer.allocUnsafe(length);
    [begins, ends] = [from, from + readSync(file, buffer, 0, Math.max(length, together), from)];
    reads++;
    return 0;
  }

  return {
    /** How often the file was read. */
    reads: () => reads,
    /** The text of a number; of the file so many bytes are read at once. */
    at(index: number, together: number): string | null | undefined {
      const page = starts[Math.floor(index / pageSize)];
      if (page === undefined || index >= count) return undefined;
      if (long.has(index)) return null;
      const place = index % pageSize;
      const head = placeOf(page, headSize, together);
      const from = place === 0 ? headSize : buffer.readUInt32LE(head + place * 4 - 4);
      const size = buffer.readUInt32LE(head + place * 4) - from;
      const at = placeOf(page + from, size, together);
      return buffer.toString("utf8", at, at + size);
    },
  };
}

/** Lets others have their turn every few milliseconds. */
function pauses(now: Timers["now"], soon: Timers["soon"]): () => Promise<void> {
  let until = now() + 8;
  return async () => {
    if (now() < until) return;
    await new Promise<void>(soon);
    until = now() + 8;
  };
}
