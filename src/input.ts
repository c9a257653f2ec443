import type { z } from "zod";
import { type Issue, refuse } from "./errors.ts";

/** How faults are said: `quoted` repeats what was given, `bare` does not – for what is kept, or is a secret. */
export type Voice = "quoted" | "bare";

/** Checks an input by its schema, with every fault in the words of {@link issueInWords}. */
export function check<Schema extends z.ZodType>(schema: Schema, input: unknown) {
  return schema.safeParse(input, { error: issueInWords });
}

/**
 * The faults that {@link check} found, each with its path in the input, after `at`, the input's own place in a larger
 * one.
 */
export function schemaIssues(
  error: z.ZodError | undefined,
  at: readonly PropertyKey[] = [],
  voice: Voice = "quoted",
): Issue[] {
  return (error?.issues ?? []).map((issue) => ({
    path: [...at, ...issue.path].map(String).join("."),
    message: saying(issue, voice),
  }));
}

/** What somebody sent, checked and completed by its schema; or INVALID_INPUT that names every fault by its path. */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, at: readonly PropertyKey[] = []) {
  const parsed = check(schema, input);
  return parsed.success ? parsed.data : refuse.invalid(schemaIssues(parsed.error, at));
}

/** What was given, as it is said back: an answer is not as long as a question may be. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60).toWellFormed()}…` : text);
}

function saying(issue: z.core.$ZodIssue, voice: Voice): string {
  // A name that is none is said by the fault inside it.
  const [inner] = issue.code === "invalid_key" ? issue.issues : [];
  const { message, params } = { params: undefined, ...(inner ?? issue) };
  const given = params?.given;
  return voice === "quoted" && typeof given === "string" && given !== "" ? `${quote(given)} ${message}` : message;
}

/** What is wrong, for people, where the schema itself has no words for it. */
function issueInWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "is missing"
        : `must be ${aType(issue.expected)}, not ${typeGiven(issue.input)}`;
    case "too_small":
      return tooSmall(issue);
    case "too_big":
      return `must ${have(issue.origin)} at most ${amount(issue.maximum)}${unitOf(issue.origin, issue.maximum)}`;
    case "invalid_value":
      return `must be ${oneOf(issue.values)}`;
    case "unrecognized_keys":
      return `has no ${issue.keys.map((key) => `\`${key.slice(0, 60)}\``).join(", ")}; is a name mistyped?`;
    case "invalid_format":
      return `must be ${formats[issue.format] ?? "of another form"}`;
    case "not_multiple_of":
      return `must be a multiple of ${amount(issue.divisor)}`;
    case "invalid_union":
      return unionInWords(issue.errors);
    case "invalid_key":
      return "has a name that it cannot have";
    default:
      return "cannot be this";
  }
}

/** A choice: what is wrong with the one that was meant, if one was, else what there is. */
function unionInWords(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const said = new Set(branches.flatMap(([first]) => (first && first.path.length === 0 ? [first.message] : [])));
  return said.size > 0 && said.size <= 3 ? [...said].join(", or ") : "is nothing that can be said here";
}

function tooSmall({ origin, minimum }: { readonly origin: string; readonly minimum: number | bigint }): string {
  const [isOne, isSized] = [Number(minimum) === 1, origin in units];
  if (isOne && isSized) return "must not be empty";
  return `must ${have(origin)} at least ${amount(minimum)}${unitOf(origin, minimum)}`;
}

const units: Readonly<Record<string, string>> = { string: "character", array: "item", set: "item", map: "item" };

function have(origin: string): string {
  return origin in units ? "have" : "be";
}

function unitOf(origin: string, count: number | bigint): string {
  const unit = units[origin];
  return unit ? ` ${unit}${Number(count) === 1 ? "" : "s"}` : "";
}

function amount(value: number | bigint): string {
  return value.toLocaleString("en", { maximumFractionDigits: 6 });
}

function oneOf(values: readonly unknown[]): string {
  const [only, ...more] = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  return more.length === 0 ? `${only}` : `one of ${[only, ...more].join(", ")}`;
}

const types: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

function aType(expected: string): string {
  return types[expected] ?? `a ${expected}`;
}

function typeGiven(input: unknown): string {
  if (input === null) return "null";
  if (Array.isArray(input)) return "a list";
  if (typeof input === "number") return Number.isNaN(input) ? "a text that is no number" : amount(input);
  return types[typeof input] ?? `a ${typeof input}`;
}

const formats: Readonly<Record<string, string>> = {
  email: "an e-mail address like kim@shop.example",
  url: "an address like https://shop.example",
  date: "a date like 2026-11-28",
  datetime: "a moment with its offset, like 2026-11-11T08:00:00+01:00",
};
