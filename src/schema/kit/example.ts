import { globalId } from "../../ids.ts";

/** An operation that the playground opens in a tab of its own. */
export interface Example {
  /** A named operation; its name becomes the tab's. */
  readonly query: string;
  /** A function where they name what the tabs before it make. */
  readonly variables?: Variables | ((made: Made) => Variables) | undefined;
}

export type Variables = Readonly<Record<string, unknown>>;

/** The id that the next one of a type will have: what the tabs before make, when they are tried in their order. */
export type Made = (type: string) => string;

/** An example as it is tried on an installation that has these already, the highest row of each type. */
export function readyExample({ query, variables }: Example, newest: Readonly<Record<string, number>>) {
  const made: Made = (type) => globalId(type, (newest[type] ?? 0) + 1);
  return { query, variables: typeof variables === "function" ? variables(made) : variables };
}

/** What every mutation may answer instead of its result. */
export const refusal = `... on Refusal { refusal message }
    ... on InvalidInput { issues { path message } }`;
