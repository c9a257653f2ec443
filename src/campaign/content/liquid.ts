import { type Emitter, Liquid, Context as LiquidContext, type Template, toValue } from "liquidjs";
import type { Context } from "../../context.ts";
import { type DateFacts, printLocally, setDates } from "./liquid-dates.ts";
import { escaped, knowMarkup } from "./liquid-markup.ts";
import { type Budget, finish, spendOn } from "./render-budget.ts";

const rules = {
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  lenientIf: true,
  parseLimit: 200_000,
  locale: "en-US", // and not the machine's
};

/** For plain text. */
export const plain = adapted(new Liquid(rules));
/** For HTML: what a template puts out is escaped, unless it is HTML already. */
export const escaping = adapted(new Liquid({ ...rules, outputEscape: (value: unknown) => escaped(value, textOf) }));
knowMarkup(escaping, textOf);

function adapted(engine: Liquid): Liquid {
  // They read files; operators' templates stand alone.
  for (const tag of ["include", "render", "layout", "block"]) delete engine.tags[tag];
  printLocally(engine);
  for (const name of ["sort", "sort_natural", "sample"]) boundList(engine, name);
  // What a template captures is put out nowhere and fills the memory all the same.
  const { renderer } = engine;
  const render = renderer.renderTemplates.bind(renderer);
  renderer.renderTemplates = (templates, ctx, emitter = counted(ctx)) => render(templates, ctx, emitter);
  return engine;
}

/** The longest list that is brought into an order at one go. */
const longestSorted = 5_000;

function boundList(engine: Liquid, name: string): void {
  const sorted = engine.filters[name];
  if (typeof sorted !== "function") throw new Error(`the engine has no filter ${name}`);
  engine.registerFilter(name, function (value: unknown, ...args: unknown[]) {
    const items: unknown = toValue(value);
    if ((Array.isArray(items) || typeof items === "string") && items.length > longestSorted)
      throw new Error(`${name} takes at most ${longestSorted} items`);
    return sorted.call(this, value, ...args);
  });
}

/** What a rendering needs to know of the world. */
export interface RenderingWorld extends DateFacts {
  readonly ctx: Pick<Context, "timers" | "memory">;
  readonly budget: Budget;
  /** The most that it may put out, in characters. */
  readonly most: number;
}

/** Renders a parsed template. What it does wrong is an error with its place. */
export async function renderWith(
  engine: Liquid,
  template: Template[],
  scope: object,
  world: RenderingWorld,
): Promise<string> {
  const context = new LiquidContext(scope, engine.options, { sync: true });
  setDates(context, world);
  // Filters count what they read here, and captures what they hold.
  context.memoryLimit.use = (characters) => spendOn(world.budget, characters);
  const rendering = engine.renderer.renderTemplates(template, context, bounded(world.most));
  return String(await finish(world.ctx, world.budget, rendering));
}

/** Collects what is put out, up to so many characters. */
function bounded(most: number): Emitter {
  return collecting((_added, all) => {
    if (all > most) throw new Error(`it puts out more than ${most} characters`);
  });
}

/** Collects what is captured; it counts like what a filter reads. */
function counted({ memoryLimit }: LiquidContext): Emitter {
  return collecting((added) => memoryLimit.use(added));
}

function collecting(check: (added: number, all: number) => void): Emitter {
  const emitter: Emitter = {
    buffer: "",
    write: (value) => {
      const text = textOf(value);
      check(text.length, emitter.buffer.length + text.length);
      emitter.buffer += text;
    },
  };
  return emitter;
}

/** A value as the engine prints it. */
function textOf(value: unknown): string {
  const printed: unknown = toValue(value);
  if (Array.isArray(printed)) return printed.map(textOf).join("");
  return printed === undefined || printed === null ? "" : String(printed);
}
