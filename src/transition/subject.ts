import type { Domain } from "../context.ts";

/** How a history calls things of a type of GraphQL; undefined where none is kept of them. */
export function nounOfType(domains: readonly Domain[], type: string): string | undefined {
  const known = domains.flatMap(({ subjects = {} }) => Object.entries(subjects));
  return known.find(([, subject]) => subject.type === type)?.[0];
}
