const nowhere = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/** What the page that asks for a token may do: show itself, and send its form to us. */
export const formPolicy = `${nowhere}; style-src 'unsafe-inline'`;

/**
 * What GraphiQL may do: run the scripts of this very page, and the workers that they make of texts of their own; ask
 * us; load nothing from anywhere.
 */
export function graphiqlPolicy(html: string): string {
  const scripts = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text = ""]) => `'sha256-${hashOf(text)}'`);
  const parts = {
    "script-src": [...scripts, "blob:"],
    "worker-src": ["blob:"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "font-src": ["data:"],
    "connect-src": ["'self'"],
  };
  return [nowhere, ...Object.entries(parts).map(([name, from]) => `${name} ${from.join(" ")}`)].join("; ");
}

function hashOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("base64");
}

/** Ends the browser's session; stands in a corner of GraphiQL. */
export const signOut =
  '<form method="post" action="/graphql/sign-out" style="position:fixed;right:1rem;bottom:1rem;z-index:9">' +
  "<button>Sign out</button></form>";
