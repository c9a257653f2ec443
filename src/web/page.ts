import type { Language } from "../language.ts";

/** What a page behind a link says; plain text. */
export interface PageWords {
  readonly title: string;
  readonly text: string;
  /** What else is to be known, a line each. */
  readonly facts?: readonly string[] | undefined;
  /** A code to be read and copied. */
  readonly code?: string | undefined;
  /** Posts to the page's own address. */
  readonly button?: string | undefined;
  /** What can be chosen, with a button of its own. */
  readonly choices?: Choices | undefined;
  /** Posts the name `undo`. */
  readonly undo?: string | undefined;
  /** Leads on to another page of ours. */
  readonly link?: { readonly text: string; readonly href: string } | undefined;
}

/**
 * Boxes to tick, in groups; the form tells which were shown (`shown`) and which are ticked (`on`), by their values. The
 * second button posts the name `none`.
 */
export interface Choices {
  readonly groups: readonly { readonly name: string; readonly boxes: readonly Box[] }[];
  readonly save: string;
  readonly none: string;
}
interface Box {
  readonly value: string;
  readonly text: string;
  readonly on: boolean;
}

interface Page {
  readonly language: Language;
  readonly shop: string;
  readonly words: PageWords;
  /** 200 unless given. */
  readonly status?: number;
  /** Whether it tells what was just done, which screen readers read out. */
  readonly isStatus?: boolean;
}

/**
 * A small page of the shop's: no script, no frame, nothing loaded from anywhere, kept by nobody, and no address that
 * others are told of.
 */
export function pageResponse({ language, shop, words, status = 200, isStatus = false }: Page): Response {
  const { title, text, facts = [], code, button, choices, undo, link } = words;
  const html = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)} – ${escaped(shop)}</title>
<style>${style}</style>
</head>
<body>
<main>
<p>${escaped(shop)}</p>
<h1>${escaped(title)}</h1>
<p${isStatus ? ' role="status"' : ""}>${escaped(text)}</p>
${facts.length > 0 ? `<ul>${facts.map((fact) => `<li>${escaped(fact)}</li>`).join("")}</ul>` : ""}
${code ? `<p><code>${escaped(code)}</code></p>` : ""}
${choices ? formOf(choices) : ""}
${button ? `<form method="post"><button type="submit">${escaped(button)}</button></form>` : ""}
${undo ? `<form method="post"><button type="submit" name="undo" value="1">${escaped(undo)}</button></form>` : ""}
${link ? `<p><a href="${escaped(link.href)}">${escaped(link.text)}</a></p>` : ""}
</main>
</body>
</html>
`;
  return new Response(html, { status, headers: { ...headers, "content-language": language } });
}

function formOf({ groups, save, none }: Choices): string {
  const box = ({ value, text, on }: Box) =>
    `<p><label><input type="checkbox" name="on" value="${escaped(value)}"${on ? " checked" : ""}> ${escaped(text)}` +
    `</label><input type="hidden" name="shown" value="${escaped(value)}"></p>`;
  const sets = groups.map(
    ({ name, boxes }) => `<fieldset><legend>${escaped(name)}</legend>${boxes.map(box).join("")}</fieldset>`,
  );
  return `<form method="post">
${sets.join("\n")}
<p><button type="submit">${escaped(save)}</button></p>
<p><button type="submit" name="none" value="1">${escaped(none)}</button></p>
</form>`;
}

const style =
  "body{font:1.1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0}" +
  "main{max-width:32rem;margin:10vh auto;padding:0 1rem}h1{line-height:1.2}" +
  "code{font-size:1.3rem;overflow-wrap:anywhere}" +
  "button{font:inherit;padding:.7rem 1.4rem;border:2px solid #1a4fa0;border-radius:.3rem}" +
  "button{color:#fff;background:#1a4fa0}" +
  "button:focus-visible{outline:3px solid #d97706;outline-offset:3px}";

const headers = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  vary: "accept-language",
};

function escaped(text: string): string {
  return Bun.escapeHTML(text);
}
