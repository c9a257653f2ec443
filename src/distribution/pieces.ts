import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { Context } from "../context.ts";
import { type NamedFile, piecesOf } from "../file/file.ts";
import type { Distribution } from "./distribution.ts";

/*
 * A file waits in the database until it is read: whichever process the queue asks can read it, and one that dies loses
 * nothing.
 */

/** Bytes of a piece: a remote database takes values of 5 MB, in base64. */
const pieceBytes = 2 ** 20;

/** A file that is kept: the digest of its bytes, by which it is found, and how many they are. */
export interface KeptFile {
  readonly digest: string;
  readonly bytes: number;
}

/** Keeps all of a file; keeping it again changes nothing. */
export async function keepFile(ctx: Context, content: Blob): Promise<KeptFile> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of piecesOf(content, ctx.timers)) hasher.update(piece);
  const digest = hasher.digest("hex");
  for (let number = 0; number * pieceBytes < content.size; number++) {
    const bytes = await content.slice(number * pieceBytes, (number + 1) * pieceBytes).bytes();
    await ctx.db.write([
      sql`
        INSERT INTO distribution_piece (digest, number, bytes, at)
        VALUES (${digest}, ${number}, ${bytes}, ${ctx.clock()})
        ON CONFLICT DO UPDATE SET at = excluded.at`,
    ]);
  }
  return { digest, bytes: content.size };
}

/** Whether all of it is there still: another distribution of the same file may just have been read to its end. */
export async function isKept(ctx: Context, { digest, bytes }: KeptFile): Promise<boolean> {
  const row = await ctx.db.first<{ pieces: number }>(sql`
    SELECT count(*) AS pieces FROM distribution_piece WHERE digest = ${digest}`);
  return row?.pieces === Math.ceil(bytes / pieceBytes);
}

/**
 * Forgets a file that nobody will read any more, a piece at a time, so that nobody waits for it. What a process that
 * dies meanwhile leaves is found by its age.
 */
export async function forgetFile(ctx: Context, digest: string): Promise<void> {
  const isRead = sql`NOT EXISTS (
    SELECT 1 FROM distribution WHERE digest = ${digest} AND state IN ('UPLOADED', 'VALIDATING'))`;
  const first = sql`SELECT min(number) FROM distribution_piece WHERE digest = ${digest}`;
  for (;;) {
    const [gone] = await ctx.db.write([
      sql`DELETE FROM distribution_piece WHERE digest = ${digest} AND number = (${first}) AND ${isRead}`,
    ]);
    if (gone?.rowsAffected !== 1) return;
    await new Promise<void>(ctx.timers.soon);
  }
}

/**
 * Lets `read` have a kept file, from the disk. Where the system lets it be read without a name it has none from the
 * beginning: nothing is left of it when the process dies. It is not called for a file that nobody is to read any more.
 */
export async function withStoredFile(
  ctx: Context,
  distribution: Distribution,
  read: (file: NamedFile) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "fanfare-distribution-"));
  try {
    const file = openSync(join(dir, "file"), "wx+", 0o600);
    try {
      const nameless = `/proc/self/fd/${file}`;
      const path = existsSync(nameless) ? nameless : join(dir, "file");
      if (path === nameless) rmSync(dir, { recursive: true });
      if (await writePieces(ctx, distribution, path)) await read({ name: distribution.file, content: Bun.file(path) });
    } finally {
      closeSync(file);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** False where it is not to be read any more: somebody else was at the end of it first, and forgot it. */
async function writePieces(ctx: Context, { id, digest, bytes }: Distribution, path: string): Promise<boolean> {
  const sink = Bun.file(path).writer();
  for (let number = 0; number * pieceBytes < bytes; number++) {
    const piece = await ctx.db.first<{ bytes: ArrayBuffer }>(sql`
      SELECT bytes FROM distribution_piece WHERE digest = ${digest} AND number = ${number}`);
    if (!piece) {
      const isOpen = sql`SELECT 1 FROM distribution WHERE id = ${id} AND state IN ('UPLOADED', 'VALIDATING')`;
      if (await ctx.db.first(isOpen)) throw new Error(`piece ${number} of a distribution's file is gone`);
      return false;
    }
    sink.write(piece.bytes);
    await sink.flush();
  }
  await sink.end();
  return true;
}
