import { Drop, type Template } from "liquidjs";
import { escaping, plain as plainEngine, type RenderingWorld, renderWith } from "./liquid.ts";
import { type PlainOutputs, plainOutputs } from "./plain-outputs.ts";
import { type Uses, usesOf } from "./uses.ts";

/** Values for the variables; attributes are the shop's own and read as nothing where a member has none. */
export interface TemplateScope {
  readonly member: Readonly<Record<string, unknown>> & {
    readonly timeZone: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  };
  readonly campaign: { readonly name: string };
  readonly shop: { readonly name: string };
  /** The member's coupon, or the one that the member may claim. */
  readonly coupon?: Readonly<Record<string, unknown>>;
  /** The promotion that is announced. Moments are of `moment.ts`, everything else is text or lists of texts. */
  readonly promotion?: Readonly<Record<string, unknown>>;
  /** Where the member unsubscribes, on channels that have such a link. */
  readonly unsubscribeUrl?: string;
}

/** What a message says of what its campaign offers. */
export type OfferScope = Pick<TemplateScope, "coupon" | "promotion">;

/** A parsed template. Output is escaped for HTML where the part is HTML. */
export interface Compiled {
  render(scope: TemplateScope, world: Omit<RenderingWorld, "timeZone">): Promise<string>;
  /** What equal texts need to have equal; undefined where nothing is enough, see {@link usesOf}. */
  uses(): Uses | undefined;
  /** How it is put together without the engine, where it can be. */
  readonly plain: PlainOutputs | undefined;
}

/** A template, parsed when it is first rendered: one that cannot be is a fault of the rendering. */
export function compileTemplate(source: string, html: boolean): Compiled {
  const engine = html ? escaping : plainEngine;
  const outputs = plainOutputs(source);
  // What holds nothing of the engine's is what it says, in HTML, too.
  const plain = html && outputs?.places.length !== 0 ? undefined : outputs;
  let parsed: Template[] | undefined;
  const parse = () => {
    parsed ??= engine.parse(source);
    return parsed;
  };
  let analysed: { readonly uses: Uses | undefined } | undefined;
  const uses = () => {
    try {
      analysed ??= { uses: usesOf(engine, parse(), source) };
      return analysed.uses;
    } catch {
      return undefined; // whoever renders it hears what is wrong
    }
  };
  return {
    render: async (scope, world) => {
      const said = plain?.say(scope, world.most);
      if (said !== undefined) return said;
      const template = parse();
      const facts = uses()?.member.includes("attributes") === false ? scope : withAttributes(scope);
      return renderWith(engine, template, facts, { ...world, timeZone: scope.member.timeZone });
    },
    uses,
    plain,
  };
}

/**
 * Free attributes: what a member lacks, at any depth, is nothing rather than a fault, for no operator can know them
 * all. Only their own properties are there: a drop would also offer what it inherits.
 */
function lenient(value: unknown, known: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const made = known.get(value) ?? lenientOf(value, known);
  known.set(value, made);
  return made;
}

function lenientOf(value: object, known: Map<object, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => lenient(item, known));
  const values = new Map<string | symbol, unknown>(Object.entries(value));
  const get = (target: Lacking, key: string | symbol) => {
    if (values.has(key)) return lenient(values.get(key), known);
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
  return { ...scope, member: { ...scope.member, attributes: lenient(scope.member.attributes, new Map()) } };
}
