import type { Variable } from "liquidjs";
import type { Issue } from "../../errors.ts";
import { plain } from "./liquid.ts";
import { templateFault } from "./template-fault.ts";
import { attributes, commonVariables, type Variables } from "./variables.ts";

/**
 * Of one template. The engine's check takes time by the square of these: what nobody would write must not hold up the
 * server. `tagged` counts the characters inside tags and outputs, `tag` those of one of them.
 */
const bounds = { tags: 500, tagged: 20_000, tag: 4_000, nested: 8, brackets: 100, faults: 100 } as const;

/**
 * Faults of a template's source, each with its place `:line:column`: syntax, unknown filters and tags, unknown
 * variables.
 */
export function templateIssues(source: string, known: Variables = commonVariables): Issue[] {
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
    const { place, message } = templateFault(error);
    return [{ path: place, message }];
  }
}

/** Where a template is more than the engine can check in time, if anywhere. */
function excessOf(source: string): Issue | undefined {
  const fault = (index: number, message: string) => ({ path: placeOf(source, index), message });
  const [first] = [...source.matchAll(/\{[{%]/g)].slice(bounds.tags);
  if (first) return fault(first.index, `there are more than ${bounds.tags} tags`);
  let tagged = 0;
  let brackets = 0;
  for (const { tag, index } of tagsOf(source)) {
    tagged += tag.length;
    if (tagged > bounds.tagged) return fault(index, `the tags hold more than ${bounds.tagged} characters`);
    if (tag.length > bounds.tag) return fault(index, `a tag holds more than ${bounds.tag} characters`);
    brackets += tag.split("[").length - 1;
    if (brackets > bounds.brackets) return fault(index, `there are more than ${bounds.brackets} brackets`);
    const deep = placeOfNesting(tag);
    if (deep !== undefined) return fault(index + deep, `brackets are nested deeper than ${bounds.nested}`);
  }
  return undefined;
}

/** Every tag and output, from its first sign to its last; each character is looked at a few times at most. */
function* tagsOf(source: string): Generator<{ readonly tag: string; readonly index: number }> {
  const unclosed = new Set<string>();
  let end = 0;
  for (const { 0: open, index } of source.matchAll(/\{[{%]/g)) {
    const close = open === "{{" ? "}}" : "%}";
    if (index < end || unclosed.has(close)) continue;
    const at = source.indexOf(close, index + 2);
    if (at < 0) unclosed.add(close);
    else {
      end = at + 2;
      yield { tag: source.slice(index, end), index };
    }
  }
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
  const path = segments.map(String);
  if (path[0] === "member" && path[1] === "attributes") return segments.length > 2;
  const name = path.join(".");
  return name.split(".").length === path.length && Object.hasOwn(known, name);
}

function namesOf(known: Variables): string[] {
  return [...Object.keys(known), attributes.name];
}

function placeOf(source: string, index: number): string {
  const before = source.slice(0, index).split("\n");
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}
