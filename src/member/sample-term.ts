import { createHash } from "node:crypto";
import { type SQL, sql } from "drizzle-orm";
import { z } from "zod";
import { defineTerm } from "../audience/term.ts";
import { plainText } from "../value/plain-text.ts";

/** A random part of the members, the same for the same seed; a larger percentage of one seed contains a smaller. */
export const sampleTerm = defineTerm({
  name: "sample",
  description: "A random part of the members: stable for a seed, independent between seeds.",
  schema: z
    .strictObject({
      percent: z.number().min(0).max(100).multipleOf(0.01).describe("From 0 to 100, with at most 2 decimals."),
      seed: plainText().describe("Any text; the same text draws the same members."),
    })
    .meta({ id: "Sample", description: "A random part of the members." }),
  compile: ({ percent, seed }) => sql`(${drawOf(seed)} < ${sql.raw(String(sampleBound(percent)))})`,
});

/** 2^31 − 1, a prime; a product of two residues stays below 2^62, so SQLite's integers never turn into floats. */
export const samplePrime = 2_147_483_647;

/** Draws below this are in the sample. */
export function sampleBound(percent: number): number {
  return Math.round((samplePrime * Math.round(percent * 100)) / 10_000);
}

/**
 * The coefficients of the seed's hash. A polynomial of degree 3 over a prime field with random coefficients is 4-wise
 * independent (Wegman and Carter 1981): sample sizes vary as those of truly random draws do.
 */
export function sampleCoefficients(seed: string): readonly [number, number, number, number] {
  const digest = createHash("sha256").update(`sample:${seed}`).digest();
  const at = (i: number) => Number(digest.readBigUInt64LE(i * 8) % BigInt(samplePrime));
  return [at(0), at(1), at(2), at(3)];
}

/** The member's draw in [0, prime). The coefficients are literals: bound numbers would arrive as floats. */
export function drawOf(seed: string): SQL {
  const [a, b, c, d] = sampleCoefficients(seed);
  const x = `(m.seq % ${samplePrime})`;
  return sql.raw(
    `(((((${a} * ${x} + ${b}) % ${samplePrime}) * ${x} + ${c}) % ${samplePrime}) * ${x} + ${d}) % ${samplePrime}`,
  );
}
