import type { Draft, Extras, Flow } from "../records.ts";
import { isRejection, type Rejection } from "../rejection.ts";
import { readExtras, readSettings } from "./draft.ts";
import { parseFlow } from "./flow-value.ts";
import { forwardedHeaders } from "./headers.ts";

/** What a request to publish a message again sets otherwise than the message had it. */
export interface Changes {
  readonly draft: Partial<Pick<Draft, "method" | "delayMs" | "notBefore" | "retries" | "label" | "deduplication">>;
  readonly headers: Readonly<Record<string, string>>;
  readonly extras: Extras;
  readonly flow: Flow | undefined;
}

/** Reads the changes from the headers of such a request: the same that configure a message when it is published. */
export function readChanges(headers: Headers): Changes | Rejection {
  const settings = readSettings("upstash-", headers);
  if (isRejection(settings)) return settings;
  const extras = readExtras(settings, headers);
  if (isRejection(extras)) return extras;
  const flow = parseFlow(settings["flow-control-key"], settings["flow-control-value"]);
  if (flow && isRejection(flow)) return flow;
  const { "content-type": _, ...forwarded } = forwardedHeaders("upstash-forward-", headers);
  const { method, delay, retries, label, "not-before": notBefore, "deduplication-id": id } = settings;
  const draft = {
    method,
    delayMs: delay,
    notBefore: notBefore === undefined ? undefined : notBefore * 1_000,
    retries,
    label,
    deduplication: id === undefined ? undefined : `id:${id}`,
  };
  return { draft: defined(draft), headers: forwarded, extras: defined(extras), flow };
}

/** The message as the changes have it. In a queue it stays under the queue's limits. */
export function change(draft: Draft, changes: Changes): Draft {
  return {
    ...draft,
    ...changes.draft,
    headers: { ...draft.headers, ...changes.headers },
    extras: { ...draft.extras, ...changes.extras },
    ...(changes.flow && draft.queue === undefined && { flow: changes.flow }),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}
