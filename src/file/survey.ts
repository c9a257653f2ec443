import type { Timers } from "../world.ts";
import { type Encoding, encodingNamed, encodings, markedEncoding, wideEncoding } from "./encoding.ts";
import { type FileFault, type NamedFile, piecesOf } from "./file.ts";
import { guessOf } from "./guess.ts";
import { noText } from "./kind.ts";
import { rowsOf } from "./rows.ts";
import { isDamaged, textsOf, utf8Check } from "./texts.ts";

/** What is known of a file before its rows are read. */
export interface Survey {
  readonly kind: "csv" | "xlsx";
  readonly encoding: Encoding;
  /** Whether nobody said so, the file itself neither. */
  readonly isGuessed: boolean;
  /** Sha-256, in hexadecimal, of the file and of how it is read. */
  readonly digest: string;
}

export interface SurveyOptions {
  readonly timers: Timers;
  /** The name of the encoding, where it is known. A mark at the beginning of the file outranks it. */
  readonly encoding?: string | undefined;
  /** How the file is read: the same file, read otherwise, has another digest. */
  readonly salt: string;
}

/**
 * Reads all of a file to say how it is encoded: as it says itself, as was asked, in UTF-8, else as can be guessed. One
 * that is not, from its beginning to its end, in one of them is refused with the place where that shows.
 */
export async function surveyOf({ content }: NamedFile, options: SurveyOptions): Promise<Survey | FileFault> {
  const { timers } = options;
  const head = await content.slice(0, 65_536).bytes();
  const other = await noText(content);
  if (other) return atStart(`the file ${other}`);
  const chosen = options.encoding === undefined ? undefined : encodingNamed(options.encoding);
  if (options.encoding !== undefined && !chosen)
    return atStart(
      `${JSON.stringify(options.encoding.slice(0, 60))} is no encoding; known are ${encodings.join(", ")}`,
    );
  const said = markedEncoding(head) ?? chosen;
  const shape = said ?? wideEncoding(head);
  const salt = chosen ? `${options.salt}${chosen}\n` : options.salt;
  const { digest, isSound } = await readThrough(content, shape ?? "utf-8", salt, timers);
  if (isSound) return { kind: "csv", encoding: shape ?? "utf-8", isGuessed: shape !== said, digest };
  if (shape) return damagedAt(content, shape, timers);
  const guessed = await guessOf(content, timers);
  if (!guessed || !(await isWhole(content, guessed, timers))) return damagedAt(content, "utf-8", timers);
  return { kind: "csv", encoding: guessed, isGuessed: true, digest };
}

/** The digest of a file that is no text. */
export async function digestOf(content: Blob, { salt, timers }: SurveyOptions): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256").update(salt);
  for await (const bytes of piecesOf(content, timers)) hasher.update(bytes);
  return hasher.digest("hex");
}

export function isFault(survey: Survey | FileFault): survey is FileFault {
  return "message" in survey;
}

function atStart(message: string): FileFault {
  return { row: 1, column: null, message };
}

async function readThrough(content: Blob, encoding: Encoding, salt: string, timers: Timers) {
  const hasher = new Bun.CryptoHasher("sha256").update(salt);
  const utf8 = utf8Check();
  for await (const bytes of piecesOf(content, timers)) {
    hasher.update(bytes);
    if (encoding === "utf-8") utf8.take(bytes);
  }
  const isSound = encoding === "utf-8" ? utf8.isSound() : await isWhole(content, encoding, timers);
  return { digest: hasher.digest("hex"), isSound };
}

async function isWhole(content: Blob, encoding: Encoding, timers: Timers): Promise<boolean> {
  for await (const text of textsOf(content, encoding, timers)) if (isDamaged(text)) return false;
  return true;
}

/** The first place in which a file's bytes mean nothing, and what to do. */
async function damagedAt(content: Blob, encoding: Encoding, timers: Timers): Promise<FileFault> {
  const message =
    encoding === "utf-8"
      ? "has bytes that are not UTF-8: save the file in UTF-8 (Excel: CSV UTF-8), or say in which encoding it is"
      : `has bytes that are not ${encoding}: save the file in UTF-8 (Excel: CSV UTF-8), or say its encoding`;
  for await (const { rows } of rowsOf(textsOf(content, encoding, timers), { width: "any" })) {
    for (const read of rows) {
      const column = "cells" in read ? read.cells.findIndex(isDamaged) + 1 : 0;
      if (column > 0) return { row: read.row, column, message };
    }
  }
  return { row: 1, column: null, message: `the file ${message}` };
}
