import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Timers } from "../../world.ts";
import { headSize, type PageReader, pageReader, pageSize } from "./pages.ts";
import { isSaid, textGatherer, unescaped } from "./rich-text.ts";
import { Unreadable } from "./unreadable.ts";
import { readXml } from "./xml.ts";

type Texts = Parameters<typeof readXml>[0];

export interface SharedStrings extends PageReader {
  readonly close: () => void;
}

/** As many as a sheet of ten columns has that is full of them. */
const mostTexts = 10_485_760;
/** Bytes that are written together. */
const written = 262_144;

/** A text as nearly all are: of one piece, without entities. */
const usualString = /<si><t(?: xml:space="preserve")?>([^<&\r\]]*)<\/t><\/si>/y;

/**
 * Takes the shared strings to disk, for there may be millions. Their file has no name any more once it is open: the
 * system frees it when it is closed, or the process dies.
 */
export async function sharedStrings(
  texts: Texts,
  timers: Timers,
  { mostCharacters, mostUnfolded }: { readonly mostCharacters: number; readonly mostUnfolded: number },
): Promise<SharedStrings> {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-strings-"));
  let file: number;
  try {
    file = openSync(join(dir, "strings"), "wx+", 0o600);
  } finally {
    rmSync(dir, { recursive: true });
  }
  try {
    const pages = pageWriter(file, mostCharacters);
    await readStrings(texts, mostCharacters, pages.add);
    return { ...pageReader(file, { ...pages.end(), mostUnfolded }, timers), close: () => closeSync(file) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function readStrings(texts: Texts, mostCharacters: number, add: (text: string | number) => void) {
  const gathered = textGatherer(mostCharacters);
  const addBounded = (text: string) => add(text.length > mostCharacters ? text.length : text);
  return readXml(texts, {
    text(text, path) {
      if (path.at(1) === "si" && isSaid(path)) gathered.add(text);
    },
    close(name, path) {
      if (name !== "si" || path.at(-1) !== "sst") return;
      const text = gathered.take();
      if (typeof text === "number") add(text);
      else addBounded(unescaped(text));
    },
    shortcut: {
      within: (path) => path.at(-1) === "sst",
      take(text, at) {
        usualString.lastIndex = at;
        const [, plain] = usualString.exec(text) ?? [];
        if (plain === undefined) return -1;
        addBounded(unescaped(plain));
        return usualString.lastIndex;
      },
    },
  });
}

function pageWriter(file: number, mostCharacters: number) {
  const starts: number[] = [];
  const long = new Map<number, number>();
  const buffer = Buffer.allocUnsafe(written + headSize + pageSize * mostCharacters * 3);
  let [count, flushed, page, at] = [0, 0, 0, 0];
  const flush = () => {
    for (let done = 0; done < at; ) done += writeSync(file, buffer, done, at - done);
    [flushed, at] = [flushed + at, 0];
  };
  return {
    add(text: string | number): void {
      if (count === mostTexts) throw new Unreadable(`has more than ${mostTexts.toLocaleString("en")} texts`);
      const place = count++ % pageSize;
      if (place === 0) {
        if (at > written) flush();
        starts.push(flushed + at);
        page = at;
        at += headSize;
      }
      if (typeof text === "number") long.set(count - 1, text);
      else at += buffer.write(text, at);
      buffer.writeUInt32LE(at - page, page + place * 4);
    },
    end() {
      flush();
      return { starts, count, size: flushed, long };
    },
  };
}
