import { isRejection, reject } from "../rejection.ts";
import { type Cancelling, cancelIds, cancelWhere } from "./cancel.ts";
import { addressTerms, listOf, messageTerms, readFilter, readQuery, type Terms, timeTerms } from "./filter.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { messageView } from "./view.ts";

const terms: Terms = { ...messageTerms, ...addressTerms, ...timeTerms("created") };

/** The routes that show and cancel messages that are not delivered yet. */
export function messageRoutes(parts: Cancelling): Routes {
  return {
    "GET /v2/messages/:id": ({ id }) => {
      const message = parts.store.find.get(id);
      return message ? { json: messageView(parts.store, message) } : notFound(id);
    },
    "DELETE /v2/messages/:id": async ({ id }) => {
      const cancelled = await cancelIds(parts, [id]);
      return cancelled > 0 ? { json: { cancelled } } : notFound(id);
    },
    "DELETE /v2/messages": (call) => cancelMany(parts, call),
  };
}

/** Those that a filter finds; without one, all, whatever their number. */
async function cancelMany(parts: Cancelling, call: Call): Promise<Answer> {
  const query = await readQuery(call);
  if (isRejection(query)) return query;
  const filter = readFilter(query, terms, "messageIds");
  if (isRejection(filter)) return filter;
  const ids = query.has("messageIds") ? listOf(query, "messageIds") : undefined;
  return { json: { cancelled: await (ids ? cancelIds(parts, ids) : cancelWhere(parts, filter)) } };
}

function notFound(id: string): Answer {
  return reject(404, `message ${id.slice(0, 100)} not found`);
}
