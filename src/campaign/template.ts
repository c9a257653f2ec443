import { Drop, Liquid, LiquidError, type Template } from "liquidjs";
import type { Issue } from "../errors.ts";

/** What a template may say of the member, the campaign and the shop; each with an example. */
export const templateVariables = {
  member: {
    id: "m_8Zk1",
    externalId: "4711",
    email: "kim@example.com",
    locale: "en",
    level: 3,
    points: 120,
    totalSpend: 45_900,
    accountType: "personal",
    birthday: "1990-05-17",
  },
  campaign: { name: "Spring sale" },
  shop: { name: "Fanfare" },
} as const;

/** Values for the variables; attributes are the shop's own and read as nothing where a member has none. */
export interface TemplateScope {
  readonly member: Readonly<Record<string, unknown>> & { readonly attributes: Readonly<Record<string, unknown>> };
  readonly campaign: { readonly name: string };
  readonly shop: { readonly name: string };
}

const bounds = { parseLimit: 200_000, renderLimit: 200, memoryLimit: 2_000_000 };
const rules = {
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  lenientIf: true,
  timezoneOffset: 0,
  ...bounds,
};
const plain = new Liquid(rules);
const escaping = new Liquid({ ...rules, outputEscape: "escape" });
for (const engine of [plain, escaping]) {
  // They read files; operators' templates stand alone.
  for (const tag of ["include", "render", "layout", "block"]) delete engine.tags[tag];
}

/** A parsed template. Output is escaped for HTML where the part is HTML. */
export interface Compiled {
  render(scope: TemplateScope): string;
}

/** Parses a checked template. */
export function compileTemplate(source: string, html: boolean): Compiled {
  const engine = html ? escaping : plain;
  const template: Template[] = engine.parse(source);
  return { render: (scope) => String(engine.renderSync(template, withAttributes(scope))) };
}

/** Faults of a template's source, each with its place `:line:column`: syntax, unknown filters and tags, unknown variables. */
export function templateIssues(source: string): Issue[] {
  try {
    const template = plain.parse(source);
    const unknown = plain.globalVariableSegmentsSync(template).filter((segments) => !isKnown(segments.map(String)));
    return unknown.map((segments) => {
      const name = segments.map(String).join(".");
      return {
        path: placeOf(source, name),
        message: `unknown variable "${name}"; there are ${knownNames().join(", ")}`,
      };
    });
  } catch (error) {
    return [faultOf(error)];
  }
}

function isKnown(segments: readonly string[]): boolean {
  const [root = "", field] = segments;
  if (!(root in templateVariables)) return false;
  if (root === "member" && field === "attributes") return segments.length > 2;
  const fields: Readonly<Record<string, unknown>> = templateVariables[root as keyof typeof templateVariables];
  return segments.length === 2 && field !== undefined && Object.hasOwn(fields, field);
}

function knownNames(): string[] {
  const named = Object.entries(templateVariables).flatMap(([root, fields]) =>
    Object.keys(fields).map((f) => `${root}.${f}`),
  );
  return [...named, "member.attributes.<name>"];
}

function placeOf(source: string, text: string): string {
  const before = source.slice(0, Math.max(0, source.indexOf(text))).split("\n");
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

function faultOf(error: unknown): Issue {
  if (!LiquidError.is(error)) throw error;
  const [line, column] = error.token.getPosition();
  return { path: `:${line}:${column}`, message: error.message.replace(/, line:\d+.*$/s, "") };
}

/**
 * Free attributes: what a member lacks, at any depth, is nothing rather than a fault, for no operator can know them all. Only their own
 * properties are there: a drop would also offer what it inherits.
 */
function lenient(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lenient);
  if (typeof value !== "object" || value === null) return value;
  const values = new Map<string | symbol, unknown>(Object.entries(value));
  const get = (target: Lacking, key: string | symbol) => {
    if (values.has(key)) return lenient(values.get(key));
    return key === "liquidMethodMissing" || key === "toString" ? target[key] : undefined;
  };
  return new Proxy(new Lacking(), { get });
}

class Lacking extends Drop {
  override liquidMethodMissing(): null {
    return null;
  }
  override toString(): string {
    return "";
  }
}

function withAttributes(scope: TemplateScope) {
  return { ...scope, member: { ...scope.member, attributes: lenient(scope.member.attributes) } };
}
