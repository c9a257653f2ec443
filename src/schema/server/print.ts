import { lexicographicSortSchema, printSchema } from "graphql";
import type { Domain } from "../../context.ts";
import { buildSchemas } from "./schemas.ts";

/** The whole schema as `schema.graphql` holds it: sorted, so that a diff shows what changed and nothing else. */
export function printedSchema(domains: readonly Domain[]): string {
  return `${printSchema(lexicographicSortSchema(buildSchemas(domains).operators))}\n`;
}
