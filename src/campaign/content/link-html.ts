/** The languages that the pages behind links speak. */
export type PageLanguage = "en" | "zh";

const words = {
  en: {
    ask: {
      title: "Unsubscribe",
      text: "Do you want to stop receiving messages of this kind?",
      button: "Unsubscribe",
    },
    done: { title: "You are unsubscribed", text: "You will not receive messages of this kind any more." },
    bad: {
      title: "This link does not work",
      text: "It is incomplete or was changed. Please open it again from the message, without copying it.",
    },
  },
  zh: {
    ask: { title: "退订", text: "您要停止接收此类消息吗？", button: "确认退订" },
    done: { title: "您已退订", text: "您将不会再收到此类消息。" },
    bad: { title: "此链接无效", text: "链接不完整或已被更改。请从原消息中重新打开，不要复制。" },
  },
} as const satisfies Record<PageLanguage, Record<"ask" | "done" | "bad", Words>>;

interface Words {
  readonly title: string;
  readonly text: string;
  readonly button?: string;
}

/** The reader's preferred language among ours, by `Accept-Language`; English when none of them is wanted. */
export function languageOf(accepted: string | null): PageLanguage {
  const wishes = (accepted ?? "").split(",").map((wish) => {
    const [tag = "", ...parameters] = wish.trim().toLowerCase().split(";");
    const quality = parameters.map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1]).find((q) => q !== undefined);
    return { tag, quality: quality === undefined ? 1 : Number(quality) };
  });
  const ours = wishes.filter(({ tag, quality }) => quality > 0 && /^(en|zh)\b/.test(tag));
  const [best] = ours.sort((one, other) => other.quality - one.quality);
  return best?.tag.startsWith("zh") ? "zh" : "en";
}

/** A small page of the shop's: no script, no frame, nothing loaded from anywhere. A bad link's is a 404. */
export function pageResponse(input: { language: PageLanguage; page: "ask" | "done" | "bad"; shop: string }): Response {
  const { language, page, shop } = input;
  const text: Words = words[language][page];
  const form = text.button ? `<form method="post"><button type="submit">${escaped(text.button)}</button></form>` : "";
  const html = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(text.title)} – ${escaped(shop)}</title>
<style>${style}</style>
</head>
<body>
<main>
<p>${escaped(shop)}</p>
<h1>${escaped(text.title)}</h1>
<p${page === "done" ? ' role="status"' : ""}>${escaped(text.text)}</p>
${form}
</main>
</body>
</html>
`;
  const headers = { ...pageHeaders, "content-language": language };
  return new Response(html, { status: page === "bad" ? 404 : 200, headers });
}

const style =
  "body{font:1.1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0}main{max-width:32rem;margin:10vh auto;padding:0 1rem}h1{line-height:1.2}" +
  "button{font:inherit;padding:.7rem 1.4rem;color:#fff;background:#1a4fa0;border:2px solid #1a4fa0;border-radius:.3rem}" +
  "button:focus-visible{outline:3px solid #d97706;outline-offset:3px}";

const pageHeaders = {
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
