import type { Row, Value } from "@libsql/client";

/** Makes rows of the values of some columns. */
export interface Named {
  readonly columns: readonly string[];
  readonly row: (values: readonly Value[]) => Row;
}

/**
 * Rows as the remote client makes them: what a column's name says, its place says, too, and there is a `length`; only
 * names are seen when a row is copied or written down. Of columns of one name the first has it.
 */
export function namedRows(columns: readonly string[]): Named {
  const isPlain = new Set(columns).size === columns.length && !columns.some((name) => /^(\d+|length)$/.test(name));
  return { columns, row: isPlain ? byName(columns) : byPlace(columns) };
}

/** The values lie under their names; how they are found by their place is the same for all the rows. */
function byName(columns: readonly string[]): Named["row"] {
  const places = Object.create(Object.prototype, { length: { value: columns.length } });
  for (const [n, name] of columns.entries()) {
    Object.defineProperty(places, n, {
      get(this: Record<string, Value>) {
        return this[name];
      },
    });
  }
  return (values) => {
    const row = Object.create(places);
    for (let n = 0; n < columns.length; n++) row[columns[n] as string] = values[n];
    return row;
  };
}

function byPlace(columns: readonly string[]): Named["row"] {
  return (values) => {
    const row = Object.create(Object.prototype, { length: { value: columns.length } });
    for (const [n, name] of columns.entries()) {
      Object.defineProperty(row, n, { value: values[n] });
      if (!Object.hasOwn(row, name)) row[name] = values[n];
    }
    return row;
  };
}
