import { type OperationDefinitionNode, parse } from "graphql";
import { SetupError } from "../../errors.ts";
import { hashOf, type TrustedDocuments, trustedDocuments } from "./trusted-documents.ts";

/** How a manifest of documents is written down: a flat map of ids to texts, or as Apollo's tools have it. */
export const manifestFormats = ["flat", "apollo"] as const;
export type ManifestFormat = (typeof manifestFormats)[number];

/**
 * Reads a manifest in either format. An id that is a SHA-256 must be that of its text; any other is taken as a name.
 * Throws a {@link SetupError} that names the entry at fault. The texts are looked at when they are first asked for.
 */
export function readManifest(json: string, place: string): TrustedDocuments {
  const documents = trustedDocuments();
  const ids = new Set<string>();
  for (const { id, text } of entriesOf(json, place)) {
    if (ids.has(id)) throw new SetupError(`${place}: a second document is called ${JSON.stringify(id)}`);
    ids.add(id);
    const hash = /^(?:sha256:)?([\da-f]{64})$/i.exec(id)?.[1];
    if (hash && hash.toLowerCase() !== hashOf(text))
      throw new SetupError(`${place}: ${id} is not the SHA-256 of its text`);
    documents.add(text, hash ? undefined : id);
  }
  return documents;
}

/** The texts of a manifest under their ids. */
export function entriesOf(json: string, place: string): { readonly id: string; readonly text: string }[] {
  const fault = (what: string) => new SetupError(`${place}: ${what}`);
  const manifest = parsed(json, fault);
  if (typeof manifest !== "object" || manifest === null || Array.isArray(manifest))
    throw fault("is no map of documents");
  const listed = "operations" in manifest ? manifest.operations : undefined;
  const entries: [unknown, unknown][] = Array.isArray(listed)
    ? listed.map((operation) => [operation?.id, operation?.body])
    : Object.entries(manifest);
  return entries.map(([id, text], n) => {
    if (typeof id !== "string" || id === "") throw fault(`operation ${n + 1} has no id`);
    if (typeof text !== "string") throw fault(`the document ${JSON.stringify(id)} has no text`);
    return { id, text };
  });
}

function parsed(json: string, fault: (what: string) => SetupError): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw fault("is no JSON");
  }
}

/** Writes a manifest of these texts, each of which holds one operation. */
export function writeManifest(texts: readonly string[], format: ManifestFormat): string {
  const hashed = texts.map((text) => [hashOf(text), text] as const);
  return `${JSON.stringify(format === "flat" ? Object.fromEntries(hashed) : apollo(hashed), null, 2)}\n`;
}

function apollo(hashed: readonly (readonly [id: string, body: string])[]) {
  const operations = hashed.map(([id, body]) => {
    const { name, operation: type } = operationOf(body);
    return { id, body, name: name?.value ?? null, type };
  });
  return { format: "apollo-persisted-query-manifest", version: 1, operations };
}

function operationOf(text: string): OperationDefinitionNode {
  const found = parse(text).definitions.find((one) => one.kind === "OperationDefinition");
  if (!found) throw new TypeError("a document without an operation");
  return found;
}
