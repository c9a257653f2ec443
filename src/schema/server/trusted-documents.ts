import { GraphQLError } from "graphql";
import type { GraphQLParams } from "graphql-yoga";

/** An operation that the shop has written beforehand. */
export interface TrustedDocument {
  /** `sha256:` and the hex of its text's hash. */
  readonly id: string;
  readonly text: string;
  /** The name of its operation, and the first letters of its hash: which one it is, for metrics. */
  readonly label: string;
}

/**
 * The operations that the shop's app was built with. A request names one by its id, and sends no text: `documentId`, as
 * the appendix of GraphQL over HTTP has it, or `extensions.persistedQuery`, as Apollo's clients do. Whoever sends the
 * very text of one has named it, too. No request ever adds one.
 */
export interface TrustedDocuments {
  /** What a request names; nothing where it brings a text of its own; an error where nobody knows what it names. */
  find(params: GraphQLParams): TrustedDocument | GraphQLError | undefined;
  readonly size: number;
}

interface Collection extends TrustedDocuments {
  /** Adds an operation, under its hash and perhaps another name. */
  add(text: string, name?: string): TrustedDocument;
}

export function trustedDocuments(): Collection {
  const byId = new Map<string, TrustedDocument>();
  const byText = new Map<string, TrustedDocument>();
  return {
    add(text, name) {
      const document = byText.get(text) ?? trusted(text);
      byText.set(text, document);
      byId.set(document.id, document);
      if (name !== undefined) byId.set(name, document);
      return document;
    },
    find(params) {
      const id = idIn(params);
      if (id === undefined) return typeof params.query === "string" ? byText.get(params.query) : undefined;
      const document = typeof id === "string" ? (byId.get(id) ?? byId.get(`sha256:${id}`)) : undefined;
      if (!document) return typeof params.query === "string" ? undefined : notFound;
      return (params.query ?? document.text) === document.text ? document : otherText;
    },
    get size() {
      return byText.size;
    },
  };
}

/** What a request calls its document, be it an id or not; nothing where it does not call it anything. */
function idIn(params: GraphQLParams & { readonly documentId?: unknown }): unknown {
  const { documentId, extensions } = params;
  if (documentId !== undefined && documentId !== null) return documentId;
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } | null };
  return persistedQuery?.sha256Hash;
}

const refusal = (code: string, message: string) =>
  new GraphQLError(message, { extensions: { code, http: { status: 400 } } });

const notFound = refusal(
  "PERSISTED_QUERY_NOT_FOUND",
  "There is no document of this id: it must be in the manifest that this server was started with (DOCUMENTS).",
);
const otherText = refusal(
  "BAD_REQUEST",
  "The text of this document is not the one that its id names; send one of both.",
);

/** What a request with a text of its own hears where only trusted documents are taken. */
export const notTrusted = refusal(
  "QUERY_NOT_IN_SAFELIST",
  "This server takes trusted documents alone (DOCUMENTS_ONLY): send the id of one as documentId.",
);

function trusted(text: string): TrustedDocument {
  const hash = hashOf(text);
  return { id: `sha256:${hash}`, text, label: `${operationIn(text) ?? "anonymous"} ${hash.slice(0, 8)}` };
}

export function hashOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

function operationIn(text: string): string | undefined {
  return /\b(?:query|mutation|subscription)\s+(\w{1,100})/.exec(text)?.[1];
}
