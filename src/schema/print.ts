import { lexicographicSortSchema, printSchema } from "graphql";
import { buildSchemas } from "./index.ts";

/** The whole schema as `schema.graphql` holds it: sorted, so that a diff shows what changed and nothing else. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(buildSchemas().operators))}\n`;
}
