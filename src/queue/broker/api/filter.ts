import { z } from "zod";
import { type Rejection, reject } from "../rejection.ts";
import { readJson } from "./body.ts";
import type { Call } from "./http.ts";

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
  /**
   * The parameters in `sql` for a value as it was given; undefined for one that cannot be. A text as it is, unless
   * said.
   */
  readonly read?: (value: string) => readonly (string | number)[] | undefined;
  /** What divides several values: a comma, unless said. */
  readonly between?: RegExp;
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
  url: { sql: "url = ?", between: /,(?=https?:\/\/)/i }, // a comma may be part of an address
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
  path: { sql: `substr(${path} || '?', 1, instr(${path} || '?', '?') - 1) = ?`, between: /,(?=\/)/ },
};

/** From a time to a time, ms, both included. */
export function timeTerms(column: string): Terms {
  return { fromDate: { sql: `${column} >= ?`, read: numbers }, toDate: { sql: `${column} <= ?`, read: numbers } };
}

const maxValues = 10_000;
const aside = new Set(["count", "cursor", "qstash_token"]);

/**
 * Makes a condition of a query string. What it does not know it refuses: a filter that is ignored would
 * show, or delete, more than was asked for. Where rows are named (`names`), other filters do not matter.
 */
export function readFilter(query: URLSearchParams, terms: Terms, names?: string): Filter | Rejection {
  const unknown = [...query.keys()].find((name) => !aside.has(name) && !Object.hasOwn(terms, name));
  if (unknown !== undefined) return reject(400, `the filter "${unknown}" is not supported`);
  const relevant = names !== undefined && query.has(names) ? [names] : new Set(query.keys());
  const all: string[] = [];
  const values: (string | number)[] = [];
  for (const name of relevant) {
    const term = aside.has(name) ? undefined : terms[name];
    if (!term) continue;
    const given = query.getAll(name).flatMap((value) => value.split(term.between ?? ","));
    const wanted = given.map((value) => (term.read ? term.read(value) : [value]));
    if (wanted.includes(undefined)) return reject(400, `the filter "${name}" cannot be "${given.join(",")}"`);
    all.push(anyOf(wanted.map(() => term.sql)));
    values.push(...wanted.flatMap((list) => list ?? []));
  }
  if (values.length > maxValues) return reject(400, `a filter may have ${maxValues} values at most`);
  return { where: all.length > 0 ? all.join(" AND ") : "TRUE", values, isEmpty: all.length === 0 };
}

/** All values of a query parameter, each given alone or among others. */
export function listOf(query: URLSearchParams, name: string): string[] {
  return query.getAll(name).flatMap((value) => value.split(","));
}

/** In pairs of pairs: a row of many would be too deep for SQLite. */
function anyOf(terms: readonly string[]): string {
  if (terms.length === 1) return `(${terms[0]})`;
  const half = Math.ceil(terms.length / 2);
  return `(${anyOf(terms.slice(0, half))} OR ${anyOf(terms.slice(half))})`;
}

/** How many to show or act on at once: `count`, usually 100. */
export function readCount(query: URLSearchParams, most = 100): number {
  const count = Number(query.get("count") ?? 100);
  return Number.isInteger(count) && count > 0 ? Math.min(count, most) : 100;
}

/**
 * What a bulk action is asked for in the query, and, as older clients do, in a body of JSON: `{"messageIds":
 * ["msg_1"]}`.
 */
export async function readQuery({
  request,
  query,
}: Pick<Call, "request" | "query">): Promise<URLSearchParams | Rejection> {
  const bytes = await request.bytes();
  if (bytes.byteLength === 0) return query;
  const wishes = bulk.safeParse(readJson(bytes));
  if (!wishes.success || (Object.keys(wishes.data).length === 0 && namesAny(bytes)))
    return reject(400, "the body must be a JSON object of filters, none of them empty");
  const all = new URLSearchParams(query);
  for (const [name, value] of Object.entries(wishes.data)) {
    for (const one of [value].flat()) all.append(name, String(one));
  }
  return all;
}

/** Whether a body that says nothing has names in it: filters that are all null would find everything. */
function namesAny(bytes: Uint8Array<ArrayBuffer>): boolean {
  return new TextDecoder().decode(bytes).includes(":");
}

const scalar = z.union([z.string(), z.number()]);
/** An empty list would be no filter at all, and find everything. */
const bulk = z.record(z.string(), z.union([scalar, z.array(scalar).min(1)]));
