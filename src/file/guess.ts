import type { Timers } from "../world.ts";
import type { Encoding } from "./encoding.ts";
import { piecesOf } from "./file.ts";

/** Bytes beyond ASCII that are looked at. */
const enough = 20_000;
/** No word is longer. */
const longestRun = 1_024;

/**
 * The encoding of bytes that are no UTF-8, where it can hardly be another: GB18030 (of which GBK and GB2312 are parts),
 * for Chinese stands in pairs and its usual characters have a range of their own; Windows-1252, where letters of
 * western Europe stand by themselves among ASCII. What may be Korean, Japanese, Cyrillic, Polish or Turkish is left to
 * people.
 */
export async function guessOf(content: Blob, timers: Timers): Promise<Encoding | undefined> {
  const seen = evidence();
  for await (const piece of piecesOf(content, timers)) {
    seen.take(piece);
    if (seen.isEnough()) break;
  }
  return seen.verdict();
}

/** Runs of bytes beyond ASCII, counted as what they would be in either encoding. */
function evidence() {
  const runs = { all: 0, single: 0 };
  const pairs = { all: 0, usual: 0, late: 0 };
  const bytes = { all: 0, western: 0 };
  let run: number[] = [];

  function close(): void {
    runs.all++;
    if (run.length === 1) runs.single++;
    bytes.all += run.length;
    if (isWestern(run)) bytes.western += run.length;
    for (let i = 0; i < run.length; i += 2) {
      const isHan = isUsualHan(run[i], run[i + 1]);
      pairs.all++;
      if (isHan || isWideSign(run[i], run[i + 1])) pairs.usual++;
      if (isHan && (run[i] ?? 0) >= 0xc9) pairs.late++;
    }
    run = [];
  }

  return {
    isEnough: () => bytes.all >= enough,
    take(piece: Uint8Array): void {
      for (const byte of piece) {
        if (byte >= 0x80) run.push(byte);
        if (run.length === longestRun || (byte < 0x80 && run.length > 0)) close();
      }
    },
    verdict(): Encoding | undefined {
      if (run.length > 0) close();
      if (bytes.western >= bytes.all * 0.95 && runs.single >= runs.all * 0.8) return "windows-1252";
      // Hangul has the first two thirds of the range for itself.
      const isChinese = pairs.usual >= pairs.all * 0.9 && pairs.late >= pairs.all * 0.1;
      return isChinese ? "gb18030" : undefined;
    },
  };
}

/** One of the 3,755 characters of the first level, which are in the order of their sounds. */
function isUsualHan(lead = 0, trail = 0): boolean {
  return lead >= 0xb0 && lead <= 0xd7 && trail >= 0xa1;
}

/** Punctuation, and letters and digits that are as wide as a character. */
function isWideSign(lead = 0, trail = 0): boolean {
  return (lead === 0xa1 || lead === 0xa3) && trail >= 0xa1;
}

/** Letters alone, or signs alone: a sign inside a word is a letter of another encoding. */
function isWestern(run: readonly number[]): boolean {
  const text = windows1252.decode(new Uint8Array(run));
  return letters.test(text) || signs.test(text);
}

const windows1252 = new TextDecoder("windows-1252");
/** Š, Ž, Ð, Ý, Þ and Ÿ are left out: they are rare in the west, and common letters of others in other encodings. */
const letters = /^[ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœ]+$/;
const signs = /^[€…‘’“”–—•™\xA0¡§©ª«®°´·º»¿]+$/;
