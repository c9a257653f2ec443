import type { z } from "zod";
import { type Issue, refuse } from "./errors.ts";

/**
 * The faults that a schema found, each with its path in the input, after `at`, the input's own place in a larger one.
 */
export function schemaIssues(error: z.ZodError | undefined, at: readonly PropertyKey[] = []): Issue[] {
  return (error?.issues ?? []).map(({ path, message }) => ({ path: [...at, ...path].map(String).join("."), message }));
}

/** What somebody sent, checked and completed by its schema; or INVALID_INPUT that names every fault by its path. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, at: readonly PropertyKey[] = []) {
  const parsed = schema.safeParse(input);
  return parsed.success ? parsed.data : refuse.invalid(schemaIssues(parsed.error, at));
}
