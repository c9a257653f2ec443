import { pipeline, Readable } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import yauzl, { type Entry } from "yauzl";
import type { Timers } from "../../world.ts";
import { Unreadable } from "./unreadable.ts";

/** What an archive may have at most, so that a small one does not unfold into a large one. */
const most = { bytes: 2 ** 28, entries: 4_096, unfolded: 2 ** 31, ratio: 100, freely: 2 ** 24 };
/** Bytes that are read from the file, or dealt with in one turn of the event loop. */
const pieceSize = 65_536;

export interface Archive {
  readonly has: (name: string) => boolean;
  /** The text of an entry, a turn of the event loop between its pieces. */
  readonly textOf: (name: string, mostBytes?: number) => AsyncGenerator<string>;
}

/** Opens a ZIP archive by its directory, at its end. Throws `Unreadable`, here and while an entry is read. */
export async function openArchive(content: Blob, timers: Timers): Promise<Archive> {
  if (content.size > most.bytes) throw new Unreadable(`is longer than ${most.bytes / 2 ** 20} MiB`);
  const zip = await damaged(
    yauzl.fromRandomAccessReaderPromise(new BlobReader(content), content.size, { autoClose: false }),
  );
  if (zip.entryCount > most.entries) throw new Unreadable(`has more than ${most.entries} parts`);
  const entries = new Map<string, Entry>();
  for (const each = zip.eachEntry(); ; ) {
    const { done, value } = await damaged(each.next());
    if (done) break;
    const name = value.fileName.toLowerCase();
    if (entries.has(name)) throw new Unreadable(`is damaged: it has ${name} twice`);
    entries.set(name, value);
  }
  const startOf = (entry: Entry) => damaged(zip.readLocalFileHeaderPromise(entry, { minimal: true }));
  return {
    has: (name) => entries.has(name.toLowerCase()),
    async *textOf(name, mostBytes = most.unfolded) {
      const entry = entries.get(name.toLowerCase());
      if (!entry) throw new Unreadable(`is damaged: it has no ${name}`);
      refuseEntry(entry, mostBytes);
      const { fileDataStart } = await startOf(entry);
      yield* textsIn(unfolded(content.slice(fileDataStart, fileDataStart + entry.compressedSize), entry), name, timers);
    },
  };
}

/** Refuses by what the directory says; what it says wrong shows while the entry is unfolded. */
function refuseEntry(entry: Entry, mostBytes: number): void {
  const { fileName, compressedSize, uncompressedSize, compressionMethod } = entry;
  if (entry.isEncrypted()) throw new Unreadable("is encrypted: save it without a password");
  if (compressionMethod !== 0 && compressionMethod !== 8)
    throw new Unreadable(`is compressed in a way that workbooks are not: ${fileName}, method ${compressionMethod}`);
  const allowed = Math.min(mostBytes, Math.max(most.freely, compressedSize * most.ratio));
  if (uncompressedSize > allowed)
    throw new Unreadable(
      `unfolds into too much: ${fileName} has ${compressedSize} bytes, and ${uncompressedSize} in it`,
    );
}

async function* unfolded(packed: Blob, entry: Entry): AsyncGenerator<Buffer> {
  const pieces = Readable.from(piecesIn(packed), { objectMode: false });
  const inflate = createInflateRaw({ chunkSize: pieceSize / 2 });
  const stream = entry.compressionMethod === 0 ? pieces : pipeline(pieces, inflate, () => {});
  let [size, sum] = [0, 0];
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > entry.uncompressedSize) break;
      sum = crc32(chunk, sum);
      yield chunk;
    }
  } catch (error) {
    throw asDamage(error);
  } finally {
    pieces.destroy();
    inflate.destroy();
  }
  if (size !== entry.uncompressedSize || sum !== entry.crc32)
    throw new Unreadable(`is damaged: what is in ${entry.fileName} is not what its directory says`);
}

async function* piecesIn(blob: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.size; at += pieceSize) yield await blob.slice(at, at + pieceSize).bytes();
}

async function* textsIn(chunks: AsyncIterable<Buffer>, name: string, { soon }: Timers): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decoded = (chunk?: Buffer) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new Unreadable(`is damaged: ${name} is not UTF-8`);
    }
  };
  for await (const chunk of chunks) {
    yield decoded(chunk);
    await new Promise<void>(soon);
  }
  yield decoded();
}

/** yauzl reads through one of its own. */
class BlobReader extends yauzl.RandomAccessReader {
  constructor(private readonly content: Blob) {
    super();
  }

  override read(into: Buffer, at: number, length: number, from: number, done: (error: Error | null) => void): void {
    const bytes = this.content.slice(from, from + length).bytes();
    bytes.then((found) => void into.set(found, at)).then(() => done(null), done);
  }
}

async function damaged<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asDamage(error);
  }
}

/** A disk that fails is no fault of the file. */
function asDamage(error: unknown): unknown {
  if (!(error instanceof Error) || ("code" in error && String(error.code).startsWith("E"))) return error;
  if (error instanceof Unreadable) return error;
  const isCut = error.message.startsWith("End of central directory");
  return new Unreadable(isCut ? "is an archive without its end: send all of it" : `is damaged: ${error.message}`);
}
