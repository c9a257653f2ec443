import { crc32, deflateRawSync } from "node:zlib";

/** What an archive says of an entry. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

/** Stands before an entry; with a data descriptor (`flags` 8) it says nothing of sizes. */
export function localHeader({ name, method, flags, crc, packed, size }: ZipEntry): Buffer {
  const known = (flags & 8) === 0;
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt16LE(method, 8);
  header.writeUInt16LE(0x5821, 12);
  if (known) [crc, packed, size].forEach((each, i) => void header.writeUInt32LE(each, 14 + i * 4));
  header.writeUInt16LE(Buffer.byteLength(name), 26);
  return Buffer.concat([header, Buffer.from(name)]);
}

/** Stands behind an entry whose sizes were not known before. */
export function dataDescriptor({ crc, packed, size }: ZipEntry): Buffer {
  const descriptor = Buffer.alloc(16);
  [0x08074b50, crc, packed, size].forEach((each, i) => void descriptor.writeUInt32LE(each, i * 4));
  return descriptor;
}

/** An entry of the directory; sizes and place in 64 bits where that is asked. */
export function directoryEntry({ name, method, flags, crc, packed, size }: ZipEntry, at: number, is64 = false): Buffer {
  const header = Buffer.alloc(46);
  const extra = Buffer.alloc(is64 ? 28 : 0);
  if (is64) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    [size, packed, at].forEach((each, i) => void extra.writeBigUInt64LE(BigInt(each), 4 + i * 8));
  }
  const word = (value: number) => (is64 ? 0xffffffff : value);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(20, 6);
  header.writeUInt16LE(flags, 8);
  header.writeUInt16LE(method, 10);
  header.writeUInt16LE(0x5821, 14);
  header.writeUInt32LE(crc, 16);
  header.writeUInt32LE(word(packed), 20);
  header.writeUInt32LE(word(size), 24);
  header.writeUInt16LE(Buffer.byteLength(name), 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(word(at), 42);
  return Buffer.concat([header, Buffer.from(name), extra]);
}

/** Ends an archive: how many entries, and where their directory is. */
export function ending(count: number, length: number, at: number, is64 = false): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(is64 ? 0xffff : count, 8);
  end.writeUInt16LE(is64 ? 0xffff : count, 10);
  end.writeUInt32LE(is64 ? 0xffffffff : length, 12);
  end.writeUInt32LE(is64 ? 0xffffffff : at, 16);
  if (!is64) return end;
  const [wide, locator] = [Buffer.alloc(56), Buffer.alloc(20)];
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  [count, count, length, at].forEach((each, i) => void wide.writeBigUInt64LE(BigInt(each), 24 + i * 8));
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(at + length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([wide, locator, end]);
}

export interface ZipForm {
  readonly stored?: boolean;
  readonly descriptors?: boolean;
  readonly is64?: boolean;
  /** What the archive says of an entry in place of what is true. */
  readonly lie?: (entry: ZipEntry) => Partial<ZipEntry>;
}

/** An archive of these texts. */
export function zipOf(
  texts: Readonly<Record<string, string | Uint8Array>>,
  { stored = false, descriptors = false, is64 = false, lie = () => ({}) }: ZipForm = {},
): Buffer<ArrayBuffer> {
  const [parts, directory]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const [name, text] of Object.entries(texts)) {
    const content = Buffer.from(text as string);
    const packed = stored ? content : deflateRawSync(content);
    const sizes = { crc: crc32(content), packed: packed.length, size: content.length };
    const entry: ZipEntry = { name, method: stored ? 0 : 8, flags: descriptors ? 8 : 0, ...sizes };
    const told = { ...entry, ...lie(entry) };
    const written = [localHeader(told), packed, ...(descriptors ? [dataDescriptor(told)] : [])];
    directory.push(directoryEntry(told, at, is64));
    parts.push(...written);
    at += written.reduce((sum, each) => sum + each.length, 0);
  }
  const listed = Buffer.concat(directory);
  return Buffer.concat([...parts, listed, ending(directory.length, listed.length, at, is64)]);
}
