import { type SQL, sql } from "drizzle-orm";

/** A step in the life of something: the states that it may start from, and the one that it leads to. */
export interface Transition<State extends string> {
  readonly from: readonly State[];
  readonly to: State;
}

/** The steps of a life by their names. Add `as const satisfies Transitions<State>` to its list. */
export type Transitions<State extends string> = Readonly<Record<string, Transition<State>>>;

/** The state that a step leads to; undefined where it is not possible. */
export function stateAfter<State extends string>(state: State, { from, to }: Transition<State>): State | undefined {
  return from.includes(state) ? to : undefined;
}

/** The row is in a state from which a step is possible: a condition over its column `state`. */
export function allows<State extends string>({ from }: Transition<State>): SQL {
  return sql`state IN (${sql.join(
    from.map((state) => sql`${state}`),
    sql`, `,
  )})`;
}
