import { type Rejection, reject } from "../message.ts";

/** A condition in SQL with its parameters. */
export interface Filter {
  readonly where: string;
  readonly values: readonly (string | number)[];
  /** Whether anything at all was asked for; without, it matches everything. */
  readonly isEmpty: boolean;
}

/** How one value of a query parameter is held against a row. */
interface Term {
  readonly sql: string;
  /** The parameters in `sql` for a value as it was given; undefined for one that cannot be. A text as it is, unless said. */
  readonly read?: (value: string) => readonly (string | number)[] | undefined;
  /** Whether commas are part of the value: they divide several values of others. */
  readonly whole?: boolean;
}

/** By query parameter; several values of one mean any of them, different ones all. */
export type Terms = Readonly<Record<string, Term>>;

/** A whole number. */
export function numbers(value: string): readonly number[] | undefined {
  return /^-?\d{1,15}$/.test(value) ? [Number(value)] : undefined;
}

/** What messages, dead letters and log entries are found by. */
export const messageTerms: Terms = {
  messageId: { sql: "id = ?" },
  messageIds: { sql: "id = ?" },
  url: { sql: "url = ?", whole: true },
  label: { sql: "instr(',' || label || ',', ',' || ? || ',') > 0" },
  flowControlKey: { sql: "flow = ?" },
  scheduleId: { sql: "schedule = ?" },
  queueName: { sql: "queue = ?" },
  topicName: { sql: "topic = ?" },
  urlGroup: { sql: "topic = ?" },
  callerIp: { sql: "ip = ?" },
  callerIP: { sql: "ip = ?" },
};

const address = "substr(url, instr(url, '://') + 3)";
const path = `CASE WHEN instr(${address}, '/') > 0 THEN substr(${address}, instr(${address}, '/')) ELSE '/' END`;

/** Parts of the destination's URL: its host with the port, and its path without the query. */
export const addressTerms: Terms = {
  host: { sql: `instr(replace(${address}, '?', '/') || '/', ? || '/') = 1` },
  path: { sql: `substr(${path} || '?', 1, instr(${path} || '?', '?') - 1) = ?`, whole: true },
};

/** From a time to a time, ms, both included. */
export function timeTerms(column: string): Terms {
  return { fromDate: { sql: `${column} >= ?`, read: numbers }, toDate: { sql: `${column} <= ?`, read: numbers } };
}

const aside = new Set(["count", "cursor", "qstash_token"]);

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
    const given = query.getAll(name).flatMap((value) => (term.whole ? [value] : value.split(",")));
    const wanted = given.map((value) => (term.read ? term.read(value) : [value]));
    if (wanted.includes(undefined)) return reject(400, `the filter "${name}" cannot be "${given.join(",")}"`);
    all.push(`(${wanted.map(() => term.sql).join(" OR ")})`);
    values.push(...wanted.flatMap((list) => list ?? []));
  }
  return { where: all.length > 0 ? all.join(" AND ") : "TRUE", values, isEmpty: all.length === 0 };
}

/** How many to show or act on at once: `count`, at most and usually 100. */
export function readCount(query: URLSearchParams): number {
  const count = Number(query.get("count") ?? 100);
  return Number.isInteger(count) && count > 0 ? Math.min(count, 100) : 100;
}
