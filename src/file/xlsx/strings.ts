import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textGatherer, unescaped } from "./rich-text.ts";
import { readXml } from "./xml.ts";

/** The texts that the cells of a workbook refer to by their number. */
export interface SharedStrings {
  /** Null: it is longer than a cell may be. Undefined: there is none. */
  readonly at: (index: number) => string | null | undefined;
  readonly close: () => void;
}

/** Texts are read and kept in pages of so many. */
const pageSize = 16;
/** Characters of the pages that are kept. */
const keptCharacters = 500_000;
/** Bytes that are gathered until they are written. */
const written = 262_144;
/** Between the texts of a page; XML has no such sign. */
const between = "\0";
const tooLong = "\uFFFF";

/** A text as nearly all are: of one piece, without entities. */
const usualString = /<si><t(?: xml:space="preserve")?>([^<&\r]*)<\/t><\/si>/y;

/**
 * Takes the shared strings to disk, for there may be millions. Their file has no name any more once it is open: the
 * system frees it when it is closed, or the process dies.
 */
export async function sharedStrings(texts: AsyncIterable<string>, mostCharacters: number): Promise<SharedStrings> {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-strings-"));
  const file = openSync(join(dir, "strings"), "wx+", 0o600);
  rmSync(dir, { recursive: true });
  try {
    return await spilled(file, texts, mostCharacters);
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

async function spilled(file: number, texts: AsyncIterable<string>, mostCharacters: number): Promise<SharedStrings> {
  const starts: number[] = [];
  const gathered = textGatherer(mostCharacters);
  let [page, out, count, end, flushed]: [string[], Buffer[], number, number, number] = [[], [], 0, 0, 0];
  const flush = () => {
    for (const bytes of out) writeSync(file, bytes);
    [out, flushed] = [[], end];
  };
  const closePage = () => {
    const bytes = Buffer.from(page.join(between));
    starts.push(end);
    out.push(bytes);
    [page, end] = [[], end + bytes.length];
    if (end - flushed > written) flush();
  };
  const add = (text: string | undefined) => {
    page.push(text ?? tooLong);
    if (++count % pageSize === 0) closePage();
  };
  await readXml(texts, {
    open: gathered.open,
    text: gathered.text,
    close(name) {
      gathered.close(name);
      if (name === "si") add(gathered.take());
    },
    shortcut(text, at) {
      usualString.lastIndex = at;
      const [, plain] = usualString.exec(text) ?? [];
      if (plain === undefined || plain.length > mostCharacters) return -1;
      add(unescaped(plain));
      return usualString.lastIndex;
    },
  });
  if (page.length > 0) closePage();
  flush();
  starts.push(end);
  return { at: pageReader(file, starts, count), close: () => closeSync(file) };
}

/** Keeps the pages that were asked for last. */
function pageReader(file: number, starts: readonly number[], count: number) {
  const kept = new Map<number, string[]>();
  const sizes = new Map<number, number>();
  const window = windowOn(file);
  let [characters, last, texts]: [number, number, string[]] = [0, -1, []];

  function pageAt(page: number): string[] {
    const found = kept.get(page) ?? read(page);
    kept.delete(page);
    kept.set(page, found);
    for (const [oldest] of kept) {
      if (characters <= keptCharacters || oldest === page) break;
      kept.delete(oldest);
      characters -= sizes.get(oldest) ?? 0;
      sizes.delete(oldest);
    }
    return found;
  }

  function read(page: number): string[] {
    const [start = 0, end = 0] = [starts[page], starts[page + 1]];
    sizes.set(page, end - start);
    characters += end - start;
    return window(start, end).toString("utf8").split(between);
  }

  return (index: number): string | null | undefined => {
    if (!(index < count)) return undefined;
    const page = Math.floor(index / pageSize);
    if (page !== last) [last, texts] = [page, pageAt(page)];
    const text = texts[index % pageSize];
    return text === tooLong ? null : text;
  };
}

/** Bytes of a file, of which it reads many at once where one asks for them in their order. */
function windowOn(file: number): (start: number, end: number) => Buffer {
  let [buffer, begins, ends] = [Buffer.allocUnsafe(written), 0, 0];
  return (start, end) => {
    if (start < begins || end > ends) {
      const length = Math.max(end - start, start === ends ? written : 0);
      if (buffer.length < length) buffer = Buffer.allocUnsafe(length);
      [begins, ends] = [start, start + readSync(file, buffer, 0, length, start)];
    }
    return buffer.subarray(start - begins, end - begins);
  };
}
