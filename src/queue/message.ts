import type { z } from "zod";

/** One message to be published: its name, its checked payload, and how it travels. */
export interface Message {
  readonly name: string;
  readonly payload: unknown;
  /** What it is about, e.g. `page/7/12`; the sweeper looks messages up by it. */
  readonly subject: string;
  /** Flow-control key: messages of one key share a rate and a parallelism. */
  readonly flow?: string;
  /** Not delivered before this time, in milliseconds since 1970. */
  readonly notBefore?: number;
}

/** A kind of message. The domain that owns the work defines it; `jobs/` holds its handler. */
export interface MessageType<Payload> {
  readonly name: string;
  readonly schema: z.ZodType<Payload>;
  /** The flow of its messages, unless one is given another; without, they travel in the default flow. */
  readonly flow?: string | undefined;
  of(payload: Payload, travel?: { flow?: string; notBefore?: number }): Message;
}

/**
 * Defines a kind of message: its name (also the path of its job), the schema of its payload, and what its subject is,
 * and the flow that its messages usually travel in. Payloads carry ids and ranges, never rows.
 */
export function defineMessage<Payload>(
  name: string,
  schema: z.ZodType<Payload>,
  subject: (payload: Payload) => string,
  { flow }: { readonly flow?: string } = {},
): MessageType<Payload> {
  return {
    name,
    schema,
    flow,
    of: (payload, travel = {}) => ({
      name,
      payload: schema.parse(payload),
      subject: subject(payload),
      ...(flow !== undefined && { flow }),
      ...travel,
    }),
  };
}
