import { type InvalidInput, type Issue, refuse } from "../errors.ts";
import { lineOf } from "../value/plain-text.ts";

/** What a heading may mean. */
export interface Meaning {
  /** Where the cells of its column go. No two columns go to one place, nor one into another's. */
  readonly place: string;
  /** The places that this one lies in. */
  readonly inside?: readonly string[];
}

export interface HeadingRules<Kind extends Meaning> {
  /** The fields of headings that are not named after one, and `-` for columns that are to be left out. */
  readonly names: Readonly<Record<string, string>>;
  /** The places of the fields of which every file has one at least. */
  readonly needed: readonly string[];
  /** All fields, for people. */
  readonly known: string;
  meaningOf(name: string): Kind | undefined;
}

/** Headings of one fault that are told one by one. */
const toldOnes = 20;

/**
 * What each column of a file holds; `number` counts from 1. Refuses, with `row:column` and all at once, headings that
 * mean nothing, columns that go to one place, names for headings that are not there, and a file without what it needs.
 */
export function readHeadings<Kind extends Meaning>(
  { row, cells }: { readonly row: number; readonly cells: readonly string[] },
  { names, needed, known, meaningOf }: HeadingRules<Kind>,
): readonly (Kind & { readonly number: number })[] | InvalidInput {
  const fields = new Map(Object.entries(names).map(([heading, field]) => [lineOf(heading), lineOf(field)]));
  const headings = cells.map((cell, i) => ({ heading: lineOf(cell), number: i + 1 }));
  const meant = headings.flatMap(({ heading, number }) => {
    const field = fields.get(heading) ?? heading;
    return field === "-" ? [] : [{ heading, number, meaning: meaningOf(field) }];
  });
  const columns = meant.flatMap(({ meaning, number, heading }) => (meaning ? [{ ...meaning, number, heading }] : []));
  const there = new Set(headings.map(({ heading }) => heading));
  const absent = [...fields.keys()].filter((heading) => !there.has(heading));
  const unknown = meant.filter(({ meaning }) => !meaning);
  const issues = [
    ...[...saidTogether(unknown, known), ...clashes(columns)].sort((one, other) => one.number - other.number),
    ...absent.slice(0, toldOnes).map((heading) => ({ number: 1, message: `no column is headed ${quoted(heading)}` })),
    ...(columns.some(({ place }) => needed.includes(place))
      ? []
      : [{ number: 1, message: `no column is ${oneOf(needed)}` }]),
  ];
  if (issues.length === 0) return columns;
  return refuse.invalid(issues.map(({ number, message }): Issue => ({ path: `${row}:${number}`, message })));
}

interface Placed {
  readonly heading: string;
  readonly number: number;
}

/** All at once, with what there is behind the last. */
function saidTogether(columns: readonly Placed[], known: string) {
  const told = columns
    .slice(0, toldOnes)
    .map(({ heading, number }) => ({ number, message: `${quoted(heading)} is not a field` }));
  const more = columns.length - told.length;
  const rest = more > 0 ? `, nor are ${more.toLocaleString("en")} others` : "";
  return told.map((fault, i) =>
    i + 1 < told.length ? fault : { ...fault, message: `${fault.message}${rest}; known are ${known}` },
  );
}

/** Columns whose place is taken, or lies in one that is taken, or would swallow one. */
function clashes(columns: readonly (Placed & Meaning)[]) {
  const taken = new Map<string, number>();
  const around = new Map<string, number>();
  return columns.flatMap(({ heading, number, place, inside = [] }) => {
    const same = taken.get(place);
    const outer = inside.map((each) => taken.get(each)).find((each) => each !== undefined) ?? around.get(place);
    if (same === undefined && outer === undefined) {
      taken.set(place, number);
      for (const each of inside) if (!around.has(each)) around.set(each, number);
      return [];
    }
    const message =
      same === undefined
        ? `and column ${outer} go into one another: one is a value, the other a part of it`
        : `is also column ${same}`;
    return [{ number, message: `${quoted(heading)} ${message}` }];
  });
}

function oneOf(places: readonly string[]): string {
  return new Intl.ListFormat("en", { type: "disjunction" }).format(places);
}

function quoted(heading: string): string {
  return JSON.stringify(heading.length > 60 ? `${heading.slice(0, 60)}…` : heading);
}
