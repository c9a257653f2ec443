import {
  CaptureTag,
  type Comparable,
  Drop,
  type FilterImplOptions,
  type Liquid,
  type Context as LiquidContext,
} from "liquidjs";

/** Text that is HTML already. What it is compared with, or put into, sees it as text. */
class Markup extends Drop implements Comparable {
  readonly #html: string;
  constructor(html: string) {
    super();
    this.#html = html;
  }
  override valueOf(): string {
    return this.#html;
  }
  override toString(): string {
    return this.#html;
  }
  override liquidMethodMissing(key: string | number): unknown {
    return key === "size" ? this.#html.length : null;
  }
  /** `blank` and `empty` know themselves what equals them. */
  equals(other: unknown): boolean {
    return other instanceof Drop && "equals" in other ? other.equals(this.#html) : String(other) === this.#html;
  }
  gt = (other: unknown) => this.#html > String(other);
  geq = (other: unknown) => this.#html >= String(other);
  lt = (other: unknown) => this.#html < String(other);
  leq = (other: unknown) => this.#html <= String(other);
}

/** Filters whose result is HTML whatever they are given: it is put out as it is. */
const makers = ["escape", "xml_escape", "escape_once", "newline_to_br", "raw"];

/** Filters that change a text here and there: of HTML they make HTML, if what they put in is escaped. */
const keepers = [
  ...["append", "prepend", "default", "slice", "truncate", "truncatewords", "strip_html"],
  ...["upcase", "downcase", "capitalize", "strip", "lstrip", "rstrip", "strip_newlines", "squish"],
  ...["normalize_whitespace", "replace", "replace_first", "replace_last", "remove", "remove_first", "remove_last"],
];

/** What HTML is put out as: what is HTML already as it is, everything else escaped. */
export function escaped(value: unknown, textOf: (value: unknown) => string): string {
  return value instanceof Markup ? value.toString() : Bun.escapeHTML(textOf(value));
}

/** Teaches an engine for HTML what is HTML already: what its filters make, and what a template captured. */
export function knowMarkup(engine: Liquid, textOf: (value: unknown) => string): void {
  const filter = (name: string) => handlerOf(engine.filters[name]);
  const html = (value: unknown) => escaped(value, textOf);
  const [escapeOnce, newlineToBr] = [filter("escape_once"), filter("newline_to_br")];
  for (const name of ["escape", "xml_escape"])
    engine.registerFilter(
      name,
      making((_self, value) => html(value)),
    );
  const once: Make = (self, value) => (value instanceof Markup ? html(value) : String(escapeOnce.call(self, value)));
  engine.registerFilter("escape_once", making(once));
  const lines: Make = (self, value) => String(newlineToBr.call(self, html(value)));
  engine.registerFilter("newline_to_br", making(lines));
  engine.registerFilter(
    "raw",
    making((_self, value) => textOf(value)),
  );
  for (const name of Object.keys(engine.filters).filter((each) => !makers.includes(each))) {
    engine.registerFilter(name, seeingText(filter(name), keepers.includes(name) ? html : undefined));
  }
  engine.registerTag("capture", Capture);
}

type Handler = Extract<FilterImplOptions, (...args: never[]) => unknown>;
type Self = ThisParameterType<Handler>;

function handlerOf(filter: FilterImplOptions | undefined): Handler {
  const handler = typeof filter === "object" ? filter.handler : filter;
  if (!handler) throw new Error("the engine lacks a filter that it had");
  return handler;
}

type Make = (self: Self, value: unknown) => string;

function making(make: Make): FilterImplOptions {
  return {
    raw: true,
    handler(value: unknown) {
      const made = make(this, value);
      this.context.memoryLimit.use(made.length);
      return new Markup(made);
    },
  };
}

/** A filter that is given HTML as text; its result is HTML again where `html` says how its arguments become such. */
function seeingText(handler: Handler, html: ((value: unknown) => string) | undefined): Handler {
  return function (value: unknown, ...args: unknown[]) {
    if (!(value instanceof Markup)) return handler.call(this, value, ...args);
    if (!html) return handler.call(this, value.toString(), ...args);
    const safe = args.map((arg) => (typeof arg === "string" || arg instanceof Markup ? html(arg) : arg));
    return new Markup(String(handler.call(this, value.toString(), ...safe)));
  };
}

class Capture extends CaptureTag {
  override *render(ctx: LiquidContext): Generator<unknown, void, string> {
    yield* super.render(ctx);
    const scope = ctx.bottom();
    Object.assign(scope, { [this.variable]: new Markup(String(Reflect.get(scope, this.variable))) });
  }
}
