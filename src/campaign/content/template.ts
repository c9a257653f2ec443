import { Drop, type Template } from "liquidjs";
import { escaping, plain } from "./liquid.ts";

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

/** Names of variables: root → field. */
export type Variables = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Values for the variables; attributes are the shop's own and read as nothing where a member has none. */
export interface TemplateScope {
  readonly member: Readonly<Record<string, unknown>> & { readonly attributes: Readonly<Record<string, unknown>> };
  readonly campaign: { readonly name: string };
  readonly shop: { readonly name: string };
  /** The member's coupon, or the one that the member may claim. */
  readonly coupon?: Readonly<Record<string, string>>;
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

/**
 * Free attributes: what a member lacks, at any depth, is nothing rather than a fault, for no operator can know them
 * all. Only their own properties are there: a drop would also offer what it inherits.
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
