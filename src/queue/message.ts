import type { z } from "zod";
import type { Issue } from "../errors.ts";
import type { Setback } from "./setback.ts";

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

/**
 * A kind of message as operators handle it, its payload's type sealed inside: found by its subject, edited, published
 * anew.
 */
export interface OwnedMessage<Ctx> {
  readonly name: string;
  /** Whether it can be published anew through the outbox; what cannot, the queue alone repeats. */
  readonly republishable: boolean;
  /** A message made of a payload, for its flow; or what is wrong with the payload, each fault with its path. */
  read(payload: unknown, flow?: string): Message | readonly Issue[];
  /**
   * Takes up again what its handler's `park` had marked, before it is published anew. A payload that is none parked
   * nothing.
   */
  unpark(ctx: Ctx, payload: unknown): Promise<void>;
  /** Why its work was put off by somebody else than the queue, if it was. */
  setback(ctx: Ctx, payload: unknown): Promise<Setback | undefined>;
}

/** What a domain knows of its kind of message. */
interface Hooks<Payload, Ctx> {
  readonly unpark?: (ctx: Ctx, payload: Payload) => Promise<unknown>;
  readonly setback?: (ctx: Ctx, payload: Payload) => Promise<Setback | undefined>;
  readonly republishable?: boolean;
}

/**
 * Seals a kind of message for its domain's manifest: how its parked work is taken up again, what puts it off, and
 * whether it may be published anew.
 */
export function owned<Payload, Ctx>(
  { name, schema, of }: MessageType<Payload>,
  hooks: Hooks<Payload, Ctx> = {},
): OwnedMessage<Ctx> {
  return {
    name,
    republishable: hooks.republishable ?? true,
    read: (payload, flow) => {
      const parsed = schema.safeParse(payload);
      if (parsed.success) return of(parsed.data, flow === undefined ? {} : { flow });
      return parsed.error.issues.map(({ path, message }) => ({ path: ["payload", ...path].join("."), message }));
    },
    unpark: async (ctx, payload) => {
      const parsed = schema.safeParse(payload);
      if (parsed.success) await hooks.unpark?.(ctx, parsed.data);
    },
    setback: async (ctx, payload) => {
      const parsed = schema.safeParse(payload);
      return parsed.success ? hooks.setback?.(ctx, parsed.data) : undefined;
    },
  };
}
