import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DocumentNode, type GraphQLSchema, parse, validate } from "graphql";
import { examples } from "../../src/domains.ts";

/** A query that stands somewhere in the project, and that a schema understands. */
export interface FoundQuery {
  readonly text: string;
  readonly document: DocumentNode;
}

/**
 * Every query of this schema that stands in tests, benches, README, CONTRIBUTING or the playground's examples: each
 * literal that is one. What a test puts together from pieces is not found.
 */
export function queriesOf(schema: GraphQLSchema): FoundQuery[] {
  return [...new Set(candidates())].flatMap((text) => {
    const document = parsed(text);
    const kinds = document?.definitions.map((node) => "operation" in node && node.operation) ?? [];
    if (!document || kinds.filter(Boolean).join() !== "query") return [];
    return validate(schema, document).length === 0 ? [{ text, document }] : [];
  });
}

const checkout = join(import.meta.dir, "../..");

function candidates(): string[] {
  const files = ["test/**/*.ts", "bench/**/*.graphql", "README.md", "CONTRIBUTING.md"].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync(checkout),
  ]);
  const inFiles = files.flatMap((file) => {
    const text = readFileSync(join(checkout, file), "utf8");
    return file.endsWith(".graphql") ? [text] : literalsIn(text);
  });
  return [...inFiles, ...examples.map(({ query }) => query)];
}

/** Strings and templates without holes, blocks of code, and the queries of requests as JSON. */
function literalsIn(text: string): string[] {
  const literals = /`([^`$\\]*)`|"((?:[^"\\\n]|\\.)*)"|'([^'\\\n]*)'|```\w*\n([\s\S]*?)```/g;
  return Array.from(text.matchAll(literals), ([, template, double, single, block]) => {
    if (double !== undefined) return double.replaceAll('\\"', '"');
    return (
      template ??
      block ??
      (/"query": *"((?:[^"\\]|\\.)*)"/.exec(single ?? "")?.[1] ?? single ?? "").replaceAll('\\"', '"')
    );
  }).filter((literal) => literal.includes("{"));
}

function parsed(text: string): DocumentNode | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
