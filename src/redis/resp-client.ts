import { errors, type Requester, type UpstashRequest, type UpstashResponse } from "@upstash/redis";
import type { Connection } from "./connection.ts";
import { type Command, isReply } from "./socket.ts";

/** Answers @upstash/redis's requests from a Redis connection of ours, as Upstash's REST would. */
export function respClient(connection: Connection): Requester {
  async function request(req: UpstashRequest): Promise<unknown> {
    const [route] = req.path ?? [];
    switch (route) {
      case undefined:
        return answer(connection, commandOf(req.body));
      case "pipeline":
        return Promise.all(commandsOf(req.body).map((command) => answer(connection, command)));
      case "multi-exec":
        return transact(connection, commandsOf(req.body));
      default:
        throw new errors.UpstashError(`${route} is not served over this connection`);
    }
  }
  return { request: (req) => asRequested(request(req)) };
}

function answer(connection: Connection, [name, ...args]: Command): Promise<UpstashResponse<unknown>> {
  return connection.send(name, args).then(plain, refused);
}

/**
 * Sent together on one connection, so no other command comes between MULTI and EXEC. Where Redis refuses the EXEC in
 * any other way than by giving the transaction up, the connection may still be in it, and is not used again.
 */
async function transact(connection: Connection, commands: Command[]): Promise<UpstashResponse<unknown>[]> {
  const sent = connection.sendAll([["MULTI"], ...commands, ["EXEC"]]);
  const outcome = (await Promise.allSettled(sent)).at(-1);
  if (outcome?.status === "fulfilled" && Array.isArray(outcome.value)) return outcome.value.map(plainOrRefused);
  const fault: unknown = outcome?.status === "rejected" ? outcome.reason : undefined;
  if (!isReply(fault)) throw fault ?? new errors.UpstashError("EXEC gave no results");
  if (!/^EXECABORT|without MULTI/.test(fault.message)) connection.renew("EXEC was refused");
  throw new errors.UpstashError(fault.message);
}

function plainOrRefused(reply: unknown): UpstashResponse<unknown> {
  return reply instanceof Error ? { error: reply.message } : plain(reply);
}

function refused(fault: unknown): UpstashResponse<unknown> {
  if (isReply(fault)) return { error: fault.message };
  throw fault;
}

/** RESP2 needs no more than this; maps and booleans could only come from a server that ignored HELLO 2. */
function plain(reply: unknown): UpstashResponse<unknown> {
  return { result: flat(reply) };
}

function flat(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(flat);
  if (value instanceof Error) return value.message;
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, one]) => [key, flat(one)]);
  return value ?? null;
}

function commandsOf(body: unknown): Command[] {
  if (!Array.isArray(body)) throw new errors.UpstashError("ERR failed to parse pipeline request");
  return body.map(commandOf);
}

function commandOf(body: unknown): Command {
  if (!Array.isArray(body) || body.length === 0) throw new errors.UpstashError("ERR empty command");
  const [name = "", ...args] = body.map(text);
  return [name, ...args];
}

function text(arg: unknown): string {
  if (arg === null || arg === undefined) throw new errors.UpstashError("ERR null args are not supported");
  return String(arg);
}

/** The one cast: the caller of `request` names the shape it expects, and checks it by its own deserialiser. */
function asRequested<Result>(response: Promise<unknown>): Promise<UpstashResponse<Result>> {
  return response as Promise<UpstashResponse<Result>>;
}
