import { type Rejection, reject } from "../message.ts";

/** A condition in SQL with its parameters. */
export interface Filter {
  readonly where: string;
  readonly values: readonly (string | number)[];
  /** Whether anything at all was asked for; without, it matches everything. */
  readonly isEmpty: boolean;
}

/** How each query parameter is held against a row; several values of one mean any of them, different ones all. */
export type Terms = Readonly<Record<string, { readonly sql: string; readonly number?: boolean }>>;

/** What messages and dead letters are found by. */
export const messageTerms: Terms = {
  messageId: { sql: "id = ?" },
  messageIds: { sql: "id = ?" },
  url: { sql: "url = ?" },
  label: { sql: "instr(',' || label || ',', ',' || ? || ',') > 0" },
  flowControlKey: { sql: "flow = ?" },
  scheduleId: { sql: "schedule = ?" },
  fromDate: { sql: "created >= ?", number: true },
  toDate: { sql: "created <= ?", number: true },
};

const aside = new Set(["count", "cursor"]);

/**
 * Makes a condition of a query string. What it does not know it refuses: a filter that is ignored would
 * show, or delete, more than was asked for.
 */
export function readFilter(query: URLSearchParams, terms: Terms): Filter | Rejection {
  const all: string[] = [];
  const values: (string | number)[] = [];
  for (const name of new Set(query.keys())) {
    if (aside.has(name)) continue;
    const term = Object.hasOwn(terms, name) ? terms[name] : undefined;
    if (!term) return reject(400, `the filter "${name}" is not supported`);
    const wanted = query.getAll(name).map((value) => (term.number ? Number(value) : value));
    if (wanted.some((value) => Number.isNaN(value))) return reject(400, `the filter "${name}" must be a number`);
    all.push(`(${wanted.map(() => term.sql).join(" OR ")})`);
    values.push(...wanted);
  }
  return { where: all.length > 0 ? all.join(" AND ") : "TRUE", values, isEmpty: all.length === 0 };
}

/** How many to show or act on at once: `count`, 100 unless told, at most 1000. */
export function readCount(query: URLSearchParams): number {
  const count = Number(query.get("count") ?? 100);
  return Number.isInteger(count) && count > 0 ? Math.min(count, 1_000) : 100;
}
