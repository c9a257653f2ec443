/** A text that puts out values as they are. */
export interface PlainOutputs {
  /** What it puts out, each the field of something in its scope: `member.name`; none where it only says words. */
  readonly places: readonly { readonly of: string; readonly field: string }[];
  /** The text with the values of a scope; nothing where these are not plain words or numbers, or it gets too long. */
  say(scope: object, most: number): string | undefined;
}

/**
 * Most messages say no more than a name: a text that puts out values as they are, `{{ member.name }}`, is put together
 * here, as the engine would do it in many more steps. Nothing for a template that does anything else. Of plain text
 * alone: in HTML values are escaped.
 */
export function plainOutputs(source: string): PlainOutputs | undefined {
  // Words, a name, a name in that, words …
  const pieces = source.split(/\{\{ *([a-z]+)\.([A-Za-z]+) *\}\}/);
  const [first = "", ...others] = pieces.filter((_, n) => n % 3 === 0);
  if ([first, ...others].some((words) => /\{[{%]/.test(words))) return undefined;
  const places = others.map((after, n) => ({ of: pieces[n * 3 + 1] ?? "", field: pieces[n * 3 + 2] ?? "", after }));
  const say = (scope: object, most: number) => {
    let text = first;
    for (const { of, field, after } of places) {
      const value = own(own(scope, of), field);
      if (typeof value !== "string" && !(typeof value === "number" && Number.isFinite(value))) return undefined;
      text += value + after;
    }
    return text.length <= most ? text : undefined;
  };
  return { places, say };
}

function own(thing: unknown, name: string): unknown {
  const isThere = typeof thing === "object" && thing !== null && Object.hasOwn(thing, name);
  return isThere ? (thing as Record<string, unknown>)[name] : undefined;
}
