import { LiquidError, type Variable } from "liquidjs";
import type { Issue } from "../../errors.ts";
import { plain } from "./liquid.ts";
import { templateVariables, type Variables } from "./template.ts";

/**
 * Of one template. The engine's check takes time by the square of these: what nobody would write must not stop the
 * server for seconds. `tagged` counts the characters inside tags and outputs.
 */
const bounds = { tags: 500, tagged: 20_000, nested: 8, faults: 100 } as const;

/**
 * Faults of a template's source, each with its place `:line:column`: syntax, unknown filters and tags, unknown
 * variables.
 */
export function templateIssues(source: string, known: Variables = templateVariables): Issue[] {
  const excess = excessOf(source);
  if (excess) return [excess];
  try {
    const { globals } = plain.parseAndAnalyzeSync(source);
    const used = new Map<string, Variable>();
    for (const variable of Object.values(globals).flat()) {
      const name = nameOf(variable);
      if (!used.has(name)) used.set(name, variable);
    }
    const unknown = [...used].filter(([, variable]) => !isKnown(known, variable));
    return unknown.slice(0, bounds.faults).map(([name, variable]) => unknownVariable(known, name, variable));
  } catch (error) {
    return [faultOf(error)];
  }
}

/** Where a template is more than the engine can check in time, if anywhere. */
function excessOf(source: string): Issue | undefined {
  const fault = (index: number, message: string) => ({ path: placeOf(source, index), message });
  const [first] = [...source.matchAll(/\{[{%]/g)].slice(bounds.tags);
  if (first) return fault(first.index, `there are more than ${bounds.tags} tags`);
  let tagged = 0;
  for (const { 0: tag, index } of source.matchAll(/\{\{.*?\}\}|\{%.*?%\}/gs)) {
    tagged += tag.length;
    if (tagged > bounds.tagged) return fault(index, `the tags hold more than ${bounds.tagged} characters`);
    const deep = placeOfNesting(tag);
    if (deep !== undefined) return fault(index + deep, `brackets are nested deeper than ${bounds.nested}`);
  }
  return undefined;
}

function placeOfNesting(tag: string): number | undefined {
  let depth = 0;
  for (let i = 0; i < tag.length; i++) {
    depth += tag[i] === "[" ? 1 : tag[i] === "]" ? -1 : 0;
    if (depth > bounds.nested) return i;
  }
  return undefined;
}

function nameOf(variable: Variable): string {
  return variable.segments.map(String).join(".");
}

function unknownVariable(known: Variables, name: string, { location: { row, col } }: Variable): Issue {
  const message = `unknown variable "${name.slice(0, 200)}"; there are ${namesOf(known).join(", ")}`;
  return { path: `:${row}:${col}`, message };
}

function isKnown(known: Variables, { segments }: Variable): boolean {
  const [root = "", field] = segments.map(String);
  const fields = Object.entries(known).find(([name]) => name === root)?.[1];
  if (!fields || field === undefined) return false;
  if (root === "member" && field === "attributes") return segments.length > 2;
  return segments.length === 2 && Object.hasOwn(fields, field);
}

function namesOf(known: Variables): string[] {
  const named = Object.entries(known).flatMap(([root, fields]) =>
    Object.keys(fields).map((field) => `${root}.${field}`),
  );
  return [...named, "member.attributes.<name>"];
}

function placeOf(source: string, index: number): string {
  const before = source.slice(0, index).split("\n");
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

function faultOf(error: unknown): Issue {
  if (!LiquidError.is(error)) throw error;
  const [line, column] = error.token.getPosition();
  return { path: `:${line}:${column}`, message: error.message.replace(/, line:\d+.*$/s, "") };
}
