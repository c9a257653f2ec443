import { QuoteType, Tokenizer } from "htmlparser2";

/** A link of an anchor, where it stands and what it says. */
export interface Href {
  /** The whole attribute, from the first letter of its name to the last sign of its value. */
  readonly start: number;
  readonly end: number;
  /** Its value, with references such as `&amp;` read as a mail program reads them. */
  readonly value: string;
}

export interface HtmlReading {
  readonly hrefs: readonly Href[];
  /** Where a paragraph may be added at the end of what is shown: before the last `</body>`, if there is one. */
  readonly end: number;
}

/** Reads HTML once, from beginning to end, as browsers do: whatever it is, in time by its length. */
export function readHtml(html: string): HtmlReading {
  const hrefs: Href[] = [];
  const ends: { body?: number; html?: number } = {};
  let isAnchor = false;
  let open: Href | undefined;
  let attribute: { readonly start: number; value: string } | undefined;
  const said = (start: number, end: number) => html.slice(start, end).toLowerCase();
  const closeTag = () => {
    if (open) hrefs.push(open);
    open = undefined;
  };
  const tokenizer = new Tokenizer(
    { decodeEntities: true },
    {
      ...nothing,
      onopentagname: (start, end) => {
        isAnchor = ["a", "area"].includes(said(start, end));
        open = undefined;
      },
      onattribname: (start, end) => {
        attribute = isAnchor && !open && said(start, end) === "href" ? { start, value: "" } : undefined;
      },
      onattribdata: (start, end) => {
        if (attribute) attribute.value += html.slice(start, end);
      },
      onattribentity: (code) => {
        if (attribute) attribute.value += String.fromCodePoint(code);
      },
      onattribend: (quote, end) => {
        if (attribute && quote !== QuoteType.NoValue) open = { ...attribute, end };
      },
      onopentagend: closeTag,
      onselfclosingtag: closeTag,
      onclosetag: (start, end) => {
        const name = said(start, end);
        if (name === "body" || name === "html") ends[name] = html.lastIndexOf("<", start);
      },
    },
  );
  tokenizer.write(html);
  tokenizer.end();
  return { hrefs, end: ends.body ?? ends.html ?? html.length };
}

const ignore = () => {};
const nothing = {
  onattribdata: ignore,
  onattribentity: ignore,
  onattribend: ignore,
  onattribname: ignore,
  oncdata: ignore,
  onclosetag: ignore,
  oncomment: ignore,
  ondeclaration: ignore,
  onend: ignore,
  onopentagend: ignore,
  onopentagname: ignore,
  onprocessinginstruction: ignore,
  onselfclosingtag: ignore,
  ontext: ignore,
  ontextentity: ignore,
};
