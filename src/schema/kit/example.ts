/** An operation that the playground opens in a tab of its own. */
export interface Example {
  /** A named operation; its name becomes the tab's. */
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** What every mutation may answer instead of its result. */
export const refusal = `... on Refusal { refusal message }
    ... on InvalidInput { issues { path message } }`;
