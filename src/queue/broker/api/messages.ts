import { isRejection, reject } from "../message.ts";
import type { Committer } from "../store/commit.ts";
import type { Store } from "../store/store.ts";
import { messageTerms, readFilter } from "./filter.ts";
import type { Answer, Call, Routes } from "./http.ts";
import { messageView } from "./view.ts";

/** The routes that show and cancel messages that are not delivered yet. */
export function messageRoutes(store: Store, committer: Committer): Routes {
  return {
    "GET /v2/messages/": ({ id }) => {
      const message = store.find.get(id);
      return message ? { json: messageView(store, message) } : notFound(id);
    },
    "DELETE /v2/messages/": async ({ id }) => {
      const cancelled = await committer.commit(() => store.removeWhere("id = ?", [id]));
      return cancelled > 0 ? { json: { cancelled } } : notFound(id);
    },
    "DELETE /v2/messages": (call) => cancelMany(store, committer, call),
  };
}

/** An attempt under way is not broken off, but has no consequences any more. */
async function cancelMany(store: Store, committer: Committer, { query }: Call): Promise<Answer> {
  const filter = readFilter(query, messageTerms);
  if (isRejection(filter)) return filter;
  if (filter.isEmpty && !query.has("count")) return reject(400, "say which messages to cancel, or all with count");
  const cancelled = await committer.commit(() => store.removeWhere(filter.where, filter.values));
  return { json: { cancelled } };
}

function notFound(id: string): Answer {
  return reject(404, `message ${id.slice(0, 100)} not found`);
}
