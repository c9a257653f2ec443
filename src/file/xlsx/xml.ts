import { Unreadable } from "./unreadable.ts";

export type Attributes = Readonly<Record<string, string | undefined>>;

/** Who is told what stands in a document: elements without their prefixes, a text in as many pieces as it comes. */
export interface Listener {
  open?(name: string, attributes: Attributes): void;
  text?(text: string): void;
  close?(name: string): void;
  /** Reads a whole element of a usual form by itself, and answers where it ends; -1 where it is none such. */
  shortcut?(text: string, at: number): number;
}

/** Characters of a tag, a comment or a CDATA section: no more are kept until its end has come. */
const longestMarkup = 65_536;
const deepest = 64;

/**
 * Reads XML that comes in pieces, of which it keeps no more than a tag: elements, attributes, text, CDATA, the five
 * named entities and numbered ones. Throws `Unreadable` for all else: a DOCTYPE, entities, what is not closed, signs
 * that XML has not. General parsers take twice the time, and keep texts of any length.
 */
export function xmlReader(listener: Listener) {
  const elements = elementReader(listener);
  let rest = "";

  /** Deals with the markup that begins there, and answers where it ends; -1 where the end is still to come. */
  function markupAt(text: string, at: number): number {
    const sign = text.charCodeAt(at + 1);
    if (sign === 0x21 || sign === 0x3f) return asideAt(text, at, elements.say);
    for (let end = text.indexOf(">", at); end >= 0; end = text.indexOf(">", end + 1)) {
      if (sign === 0x2f) elements.close(text.slice(at + 2, end).trimEnd());
      else if (!elements.open(text.slice(at + 1, end))) continue; // the > stands in a value
      return end + 1;
    }
    return -1;
  }

  return {
    take(piece: string): void {
      if (forbidden.test(piece)) throw new Unreadable("is damaged: there are signs in it that XML has not");
      const text = rest + piece;
      let at = 0;
      for (let next = text.indexOf("<"); next >= 0; next = text.indexOf("<", at)) {
        if (next > at) elements.say(plain(text.slice(at, next)));
        const short = elements.isClosed() ? -1 : (listener.shortcut?.(text, next) ?? -1);
        const end = short < 0 ? markupAt(text, next) : short;
        at = Math.max(end, next);
        if (end < 0) break;
      }
      if (text.length - at > longestMarkup && text[at] === "<") throw new Unreadable("is damaged: a tag has no end");
      const known = text[at] === "<" ? at : wholeLength(text, at);
      if (known > at) elements.say(plain(text.slice(at, known)));
      rest = text.slice(known);
    },
    end(): void {
      if (!elements.isClosed() || rest.trim() !== "") throw new Unreadable("is damaged: its XML has no end");
    },
  };
}

/** Holds together what is opened and closed. */
function elementReader(listener: Listener) {
  const inside: string[] = [];
  let isBegun = false;
  return {
    isClosed: () => isBegun && inside.length === 0,
    /** False where the end of the tag is none, but stands in a value. */
    open(tag: string): boolean {
      const isEmpty = tag.endsWith("/");
      const body = isEmpty ? tag.slice(0, -1) : tag;
      const space = body.search(/\s/);
      const name = space < 0 ? body : body.slice(0, space);
      const attributes = space < 0 ? {} : attributesOf(body, space);
      if (!attributes) return false;
      if (!names.test(name) || (isBegun && inside.length === 0)) throw new Unreadable("is damaged: it is no XML");
      if (inside.length === deepest) throw new Unreadable("is damaged: its elements lie too deep in one another");
      isBegun = true;
      listener.open?.(localOf(name), attributes);
      if (isEmpty) listener.close?.(localOf(name));
      else inside.push(name);
      return true;
    },
    close(name: string): void {
      if (inside.pop() !== name)
        throw new Unreadable(`is damaged: ${name.slice(0, 60)} is closed where it is not open`);
      listener.close?.(localOf(name));
    },
    say(text: string): void {
      if (inside.length > 0) listener.text?.(text);
      else if (text.trim() !== "") throw new Unreadable("is damaged: there is text outside of its XML");
    },
  };
}

/** Comments, instructions, and CDATA, which is said. Answers where they end; -1 where the end is still to come. */
function asideAt(text: string, at: number, say: (text: string) => void): number {
  const kind = asides.find(({ opens }) => text.startsWith(opens, at));
  if (!kind && text.length - at < 9) return -1;
  if (!kind) throw new Unreadable("has a DOCTYPE, which no workbook has");
  const begin = at + kind.opens.length;
  const end = text.indexOf(kind.closes, begin);
  if (end < 0) return -1;
  if (kind.isText) say(text.slice(begin, end).replace(/\r\n?/g, "\n"));
  return end + kind.closes.length;
}

/** Up to where a text that is cut says what it means: an entity, or a line end, may be cut in two. */
function wholeLength(text: string, from: number): number {
  const cut = /&[^;]{0,11}$|\r$/.exec(text.slice(Math.max(from, text.length - 13)));
  return cut ? text.length - cut[0].length : text.length;
}

/** Reads all of a part. */
export async function readXml(texts: AsyncIterable<string>, listener: Listener): Promise<void> {
  const reader = xmlReader(listener);
  for await (const text of texts) reader.take(text);
  reader.end();
}

const asides = [
  { opens: "<!--", closes: "-->", isText: false },
  { opens: "<![CDATA[", closes: "]]>", isText: true },
  { opens: "<?", closes: "?>", isText: false },
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/;
const names = /^[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?$/;
const entities: Attributes = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function localOf(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** Undefined where a value has no end yet. */
function attributesOf(tag: string, from: number): Attributes | undefined {
  const found: Record<string, string> = {};
  for (let at = from; ; ) {
    while (isSpace(tag.charCodeAt(at))) at++;
    if (at >= tag.length) return found;
    const equals = tag.indexOf("=", at);
    let opening = equals + 1;
    while (isSpace(tag.charCodeAt(opening))) opening++;
    const quote = tag[opening];
    const name = tag.slice(at, equals).trimEnd();
    if (equals < 0 || (quote !== '"' && quote !== "'") || name in found || !names.test(name))
      throw new Unreadable("is damaged: a tag has attributes that are none");
    const closing = tag.indexOf(quote, opening + 1);
    if (closing < 0) return undefined;
    const value = tag.slice(opening + 1, closing);
    found[name] = plain(value);
    at = closing + 1;
    if (at < tag.length && !isSpace(tag.charCodeAt(at)))
      throw new Unreadable("is damaged: a tag has attributes in one");
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
}

/** Text as it is meant. */
function plain(raw: string): string {
  const lines = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
  if (!lines.includes("&")) return lines;
  return lines.replace(/&([^;]{0,12}(?:;|$))?/g, (_, said: string | undefined) => {
    const [, hex, decimal, name] = /^(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));$/i.exec(said ?? "") ?? [];
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
    const sign = name === undefined ? signOf(code) : Object.hasOwn(entities, name) ? entities[name] : undefined;
    if (sign === undefined) throw new Unreadable("has an entity that no workbook has");
    return sign;
  });
}

function signOf(code: number): string | undefined {
  const isSign = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  const sign = isSign ? String.fromCodePoint(code) : "\0";
  return forbidden.test(sign) ? undefined : sign;
}
