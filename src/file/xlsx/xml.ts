import { Unreadable } from "./unreadable.ts";

export type Attributes = Readonly<Record<string, string | undefined>>;

/** The elements that something stands in, from the outermost, without their prefixes. */
export type Path = readonly string[];

/** Who is told what stands in a document: elements without their prefixes, a text in as many pieces as it comes. */
export interface Listener {
  open?(name: string, attributes: Attributes, path: Path): void;
  text?(text: string, path: Path): void;
  close?(name: string, path: Path): void;
  /** Elements in certain others that it reads whole; it answers where one ends, and -1 where it is none such. */
  readonly shortcut?: { within(path: Path): boolean; take(text: string, at: number): number };
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
  const { shortcut } = listener;
  let rest = "";

  /** Deals with the markup that begins there, and answers where it ends; -1 where the end is still to come. */
  function markupAt(text: string, at: number): number {
    const sign = text[at + 1];
    if (sign === "!" || sign === "?") return asideAt(text, at, elements.say);
    const end = tagEnd(text, at);
    if (end < 0) return -1;
    if (sign === "/") elements.close(text.slice(at + 2, end).trimEnd());
    else elements.open(text.slice(at + 1, end));
    return end + 1;
  }

  return {
    take(piece: string): void {
      if (forbidden.test(piece)) throw new Unreadable("is damaged: there are signs in it that XML has not");
      const text = rest + piece;
      let at = 0;
      for (let next = text.indexOf("<"); next >= 0; next = text.indexOf("<", at)) {
        if (next > at) elements.say(said(text.slice(at, next)));
        const short = shortcut?.within(elements.path) ? shortcut.take(text, next) : -1;
        const end = short < 0 ? markupAt(text, next) : short;
        at = Math.max(end, next);
        if (end < 0) break;
      }
      if (text.length - at > longestMarkup && text[at] === "<") throw new Unreadable("is damaged: a tag has no end");
      const known = text[at] === "<" ? at : wholeLength(text, at);
      if (known > at) elements.say(said(text.slice(at, known)));
      rest = text.slice(known);
    },
    end(): void {
      if (!elements.isClosed() || rest.trim() !== "") throw new Unreadable("is damaged: its XML has no end");
    },
  };
}

/** Reads all of a part. */
export async function readXml(texts: AsyncIterable<string> | readonly string[], listener: Listener): Promise<void> {
  const reader = xmlReader(listener);
  for await (const text of texts) reader.take(text);
  reader.end();
}

/** Holds together what is opened and closed. */
function elementReader(listener: Listener) {
  const names: string[] = [];
  const path: string[] = [];
  let isBegun = false;
  return {
    path,
    isClosed: () => isBegun && path.length === 0,
    open(tag: string): void {
      const isEmpty = tag.endsWith("/");
      const [name, attributes] = readTag(isEmpty ? tag.slice(0, -1) : tag);
      if (isBegun && path.length === 0) throw new Unreadable("is damaged: there is more behind its XML");
      if (path.length === deepest) throw new Unreadable("is damaged: its elements lie too deep in one another");
      isBegun = true;
      listener.open?.(localOf(name), attributes, path);
      names.push(name);
      path.push(localOf(name));
      if (isEmpty) this.close(name);
    },
    close(name: string): void {
      if (names.pop() !== name) throw new Unreadable(`is damaged: ${name.slice(0, 60)} is closed where it is not open`);
      path.pop();
      listener.close?.(localOf(name), path);
    },
    say(text: string): void {
      if (path.length > 0) listener.text?.(text, path);
      else if (text.trim() !== "") throw new Unreadable("is damaged: there is text outside of its XML");
    },
  };
}

const asides = [
  { opens: "<!--", closes: "-->", isText: false, form: /^(?:[^-]|-[^-])*$/ },
  { opens: "<![CDATA[", closes: "]]>", isText: true, form: undefined },
  { opens: "<?", closes: "?>", isText: false, form: /^[A-Za-z_][\w.-]*(?:\s|$)/ },
];

/** Comments, instructions, and CDATA, which is said. Answers where they end; -1 where the end is still to come. */
function asideAt(text: string, at: number, say: (text: string) => void): number {
  const kind = asides.find(({ opens }) => text.startsWith(opens, at));
  if (!kind && text.length - at < 9) return -1;
  if (!kind) throw new Unreadable("has a DOCTYPE, which no workbook has");
  const begin = at + kind.opens.length;
  const end = text.indexOf(kind.closes, begin);
  if (end < 0) return -1;
  const content = text.slice(begin, end);
  if (kind.form?.test(content) === false) throw new Unreadable("is damaged: it is no XML");
  if (kind.isText) say(lines(content));
  return end + kind.closes.length;
}

/** Where a tag ends: a > in a value is no end. -1 where that is still to come. */
function tagEnd(text: string, from: number): number {
  let quote = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) quote = 0;
    else if (quote !== 0) continue;
    else if (code === 0x3e) return at;
    else if (code === 0x22 || code === 0x27) quote = code;
  }
  return -1;
}

const nameAt = /[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?/y;
const attributeAt = /[ \t\r\n]+([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)[ \t\r\n]*=[ \t\r\n]*(?:"([^"<]*)"|'([^'<]*)')/y;
const noAttributes: Attributes = {};

function readTag(tag: string): [name: string, Attributes] {
  nameAt.lastIndex = 0;
  const [name] = nameAt.exec(tag) ?? [];
  if (name === tag) return [name, noAttributes];
  if (name === undefined) throw new Unreadable("is damaged: it is no XML");
  const found: Record<string, string> = {};
  let at = name.length;
  for (; ; at = attributeAt.lastIndex) {
    attributeAt.lastIndex = at;
    const [, key, double, single] = attributeAt.exec(tag) ?? [];
    if (key === undefined) break;
    if (Object.hasOwn(found, key)) throw new Unreadable(`is damaged: a tag has ${key.slice(0, 60)} twice`);
    found[key] = plain(double ?? single ?? "");
  }
  if (tag.slice(at).trim() !== "") throw new Unreadable("is damaged: a tag has attributes that are none");
  return [name, found];
}

function localOf(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const forbidden = /[\0-\x08\x0B\x0C\x0E-\x1F\uFFFE\uFFFF]/;
const entities: Attributes = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Up to where a text that is cut says what it means: an entity, a line end or ]]> may be cut. */
function wholeLength(text: string, from: number): number {
  const cut = /&[^;]{0,11}$|\r$|\]{1,2}$/.exec(text.slice(Math.max(from, text.length - 13)));
  return cut ? text.length - cut[0].length : text.length;
}

function lines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

function said(raw: string): string {
  if (raw.includes("]]>")) throw new Unreadable("is damaged: a text ends a section that it does not begin");
  return plain(raw);
}

/** Text as it is meant. */
function plain(raw: string): string {
  const text = lines(raw);
  if (!text.includes("&")) return text;
  return text.replace(/&([^;]{0,12}(?:;|$))?/g, (_, said: string | undefined) => {
    const [, hex, decimal, name] = /^(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-z]+));$/.exec(said ?? "") ?? [];
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
