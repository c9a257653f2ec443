import { sql } from "drizzle-orm";
import { type Context, withTransaction } from "../context.ts";
import { isRefusal, refuse } from "../errors.ts";
import type { NamedFile } from "../file/file.ts";
import { globalId } from "../ids.ts";
import { parseInput } from "../input.ts";
import { auditDeed, subjectOf } from "../transition/audit.ts";
import { isSignature, signatureOf } from "../web/signature.ts";
import { checkUpload, FileName, type UploadFacts, uploadDistribution } from "./upload.ts";

/*
 * Browsers and back offices send a file without the credentials of the operator who asked for its address: by its
 * signature the address is ours, and its row says who asked, and what for. It takes one file.
 */

/** For so long a file may begin to come, in milliseconds. */
const lifetimeMs = 15 * 60_000;

/** Behind the address of the installation. */
export const uploadPath = "/distributions/uploads/";

export interface UploadAddress {
  readonly url: string;
  /** Milliseconds. */
  readonly expiresAt: number;
}

/**
 * Makes an address to which one file may be sent, of this name and for these facts. Refuses what no file would be taken
 * for; FORBIDDEN: it is for operators, in whose name the file is taken.
 */
export async function createUploadAddress(ctx: Context, { name, ...given }: UploadFacts & { readonly name: string }) {
  const { actor } = ctx;
  if (actor.kind !== "operator") return refuse.forbidden("Files are sent in the name of an operator.");
  const named = parseInput(FileName, { name });
  if (isRefusal(named)) return named;
  const facts = await checkUpload(ctx, given);
  if (isRefusal(facts)) return facts;
  const kept = JSON.stringify({ ...named, facts: given } satisfies Kept);
  return withTransaction(ctx, async (tx) => {
    const expiresAt = tx.clock() + lifetimeMs;
    const made = await tx.db.first<{ id: number }>(sql`
      INSERT INTO distribution_upload (facts, token, expires_at) VALUES (${kept}, ${actor.id}, ${expiresAt})
      RETURNING id`);
    const text = `${made?.id}.${expiresAt}`;
    const template = subjectOf("coupon-template", facts.template);
    await tx.db.write([auditDeed(tx, template, "was given an upload address for a file of members")]);
    const url = `${tx.settings.publicUrl}${uploadPath}${text}.${signed(tx, text)}`;
    return { url, expiresAt } satisfies UploadAddress;
  });
}

const signed = (ctx: Context, text: string) => signatureOf(ctx, `distribution-upload/${text}`);

interface Kept {
  readonly name: string;
  readonly facts: UploadFacts;
}

/** An address that is good: what its file is called and is for, and whose token it was made with. */
export interface OpenUpload extends Kept {
  readonly id: number;
  readonly token: number;
}

/**
 * What an address stands for, by what follows {@link uploadPath}. NOT_FOUND where it is none of ours, WRONG_STATE once
 * its time is over, CONFLICT where it took its file.
 */
export async function openUpload(ctx: Context, address: string) {
  const [, text = "", id, expiresAt, signature = ""] = /^((\d{1,15})\.(\d{1,15}))\.([\w-]{32})$/.exec(address) ?? [];
  if (!isSignature(signed(ctx, text), signature)) return refuse.notFound("upload address", address);
  if (Number(expiresAt) <= ctx.clock())
    return refuse.wrongState("The time of this address is over: ask for another one.", "EXPIRED");
  const row = await ctx.db.first<{ facts: string; token: number; distribution: number | null }>(sql`
    SELECT facts, token, distribution FROM distribution_upload WHERE id = ${Number(id)}`);
  if (!row) return refuse.notFound("upload address", address);
  if (row.distribution !== null) return refuseTwice(row.distribution);
  const kept: Kept = JSON.parse(row.facts);
  return { ...kept, id: Number(id), token: row.token } satisfies OpenUpload;
}

function refuseTwice(distribution: number) {
  const made = globalId("Distribution", distribution);
  return refuse.conflict(`This address took its file: see the distribution ${made}, or ask for another address.`);
}

/** Takes the file of an address, once; the actor is who made the address. Refusals: as `uploadDistribution`. */
export function takeUpload(ctx: Context, { id, facts }: OpenUpload, file: NamedFile) {
  return uploadDistribution(ctx, file, facts, async (tx, distribution) => {
    const [taken] = await tx.db.write([
      sql`UPDATE distribution_upload SET distribution = ${distribution} WHERE id = ${id} AND distribution IS NULL`,
    ]);
    if (taken?.rowsAffected === 1) return undefined;
    const row = await tx.db.first<{ distribution: number }>(sql`
      SELECT distribution FROM distribution_upload WHERE id = ${id}`);
    return row ? refuseTwice(row.distribution) : refuse.conflict("This address is gone: ask for another one.");
  });
}
