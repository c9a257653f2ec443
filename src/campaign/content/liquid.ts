import { type Emitter, Liquid, toValue } from "liquidjs";

/**
 * Of one template: parsed characters, milliseconds of one rendering, and characters that a rendering may hold or put
 * out.
 */
const bounds = { parseLimit: 200_000, renderLimit: 200, memoryLimit: 2_000_000 };

const rules = {
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  lenientIf: true,
  timezoneOffset: 0,
  ...bounds,
};

/** For plain text. */
export const plain = bounded(new Liquid(rules));
/** For HTML: what a template puts out is escaped. */
export const escaping = bounded(new Liquid({ ...rules, outputEscape: "escape" }));

function bounded(engine: Liquid): Liquid {
  // They read files; operators' templates stand alone.
  for (const tag of ["include", "render", "layout", "block"]) delete engine.tags[tag];
  // The engine counts what its filters make, not what a template puts out: a loop around a long text would fill the
  // memory.
  const { renderer } = engine;
  const render = renderer.renderTemplates.bind(renderer);
  renderer.renderTemplates = (templates, ctx, emitter = counting(ctx.memoryLimit)) => render(templates, ctx, emitter);
  return engine;
}

/** Collects what is put out, and counts it. */
function counting(limit: { use(count: number): void }): Emitter {
  const emitter: Emitter = {
    buffer: "",
    write: (value) => {
      const text = textOf(value);
      limit.use(text.length);
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
