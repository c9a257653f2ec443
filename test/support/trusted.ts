import { trustedDocuments } from "../../src/schema/server/trusted-documents.ts";

/**
 * Whatever tests ask of `/app` is a trusted document, so that they are answered by the fast lane; with `FAST_LANE=0`
 * by the road that every other document takes.
 */
export const trusted = { documents: trustedDocuments(), only: false, isOpen: Bun.env.FAST_LANE !== "0" };

/** The body that asks for a document of `/app` by its id. */
export function byId(query: string, variables: unknown): string {
  return JSON.stringify({ documentId: trusted.documents.add(query).id, variables });
}
