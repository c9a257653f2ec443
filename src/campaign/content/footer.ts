/** The way out of an e-mail, in the reader's language, for a page and for plain text. */
export function footerOf(unsubscribeUrl: string, locale: string): { readonly html: string; readonly text: string } {
  const word = /^zh\b/i.test(locale) ? "退订" : "Unsubscribe";
  return {
    html: `<p><a data-unsubscribe href="${Bun.escapeHTML(unsubscribeUrl)}">${word}</a></p>`,
    text: `\n\n${word}: ${unsubscribeUrl}\n`,
  };
}
