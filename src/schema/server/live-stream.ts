import { type ExecutionResult, GraphQLError } from "graphql";
import { isAsyncIterable, type Plugin } from "graphql-yoga";
import type { StreamEnd, StreamSeat, Streams } from "../../web/streams.ts";

/** How a request is going, told by those who deal with it to those who answer it. */
export interface Course {
  /** Whether it brought a document, so that what is wrong is the document's, not the request's. */
  hasDocument: boolean;
  /** Whether a stream of events was opened for it. */
  isStream: boolean;
}

/** What the stream of a subscription needs to know of its request. */
export interface StreamContext {
  readonly course: Course;
  readonly streams: Streams;
  /** Whose stream it is, and why it may have to end. */
  readonly seat: Omit<StreamSeat, "end">;
}

/**
 * Counts every subscription before its source is opened, and ends it with a last event that says why: when its
 * credentials end, or when the process stops.
 */
export const countedStreams: Plugin<StreamContext, StreamContext> = {
  onSubscribe({ args, setResultAndStopExecution }) {
    const { streams, seat, course } = args.contextValue;
    const ending = createEnding();
    const opened = streams.open({ ...seat, end: ending.end });
    if (!("left" in opened)) return setResultAndStopExecution({ errors: [endError(opened)] });
    const { left } = opened;
    return {
      onSubscribeError: left,
      onSubscribeResult({ result, setResult }) {
        course.isStream = isAsyncIterable(result);
        if (isAsyncIterable(result)) setResult(endable(result, ending, left));
        else left();
      },
    };
  },
};

/** Maps a stream by hand: an async generator would only stop at the next event, not when the client leaves. */
export function mapped<T>(stream: AsyncIterable<T>, change: (one: T) => T): AsyncIterable<T> {
  const from = stream[Symbol.asyncIterator]();
  const changed = async (step: Promise<IteratorResult<T>>) => {
    const { done, value } = await step;
    return done ? { done, value } : { done: false as const, value: change(value) };
  };
  return iterable(() => changed(from.next()), from);
}

interface Ending {
  readonly end: (why: StreamEnd) => void;
  /** Why it ends, once; nothing when it does not, or was told already. */
  readonly take: () => StreamEnd | undefined;
  /** Called when it is to end. */
  readonly hear: (listener: () => void) => void;
}

function createEnding(): Ending {
  let why: StreamEnd | undefined;
  let tell = () => {};
  return {
    end: (reason) => {
      why = reason;
      tell();
    },
    take: () => {
      const taken = why;
      why = undefined;
      return taken;
    },
    hear: (listener) => {
      tell = listener;
    },
  };
}

/** The stream until it is told to end: then one more event, which says why, and nothing after it. */
function endable(
  source: AsyncIterable<ExecutionResult>,
  { take, hear }: Ending,
  left: () => void,
): AsyncIterableIterator<ExecutionResult> {
  const from = source[Symbol.asyncIterator]();
  let done = false;
  const step = (): Promise<IteratorResult<ExecutionResult>> => {
    if (done) return Promise.resolve({ done: true, value: undefined });
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<ExecutionResult>>();
    const told = () => {
      const why = take();
      if (!why) return;
      done = true;
      void from.return?.();
      resolve({ done: false, value: { errors: [endError(why)] } });
    };
    hear(told);
    told();
    if (!done) from.next().then(resolve, reject);
    return promise;
  };
  const stepOrLeave = async () => {
    const next = await step();
    if (next.done) left();
    return next;
  };
  return iterable(stepOrLeave, from, left);
}

function iterable<T>(
  next: () => Promise<IteratorResult<T>>,
  from: AsyncIterator<T>,
  left = () => {},
): AsyncIterableIterator<T> {
  const to: AsyncIterableIterator<T> = {
    next,
    return: async () => {
      left();
      await from.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => to,
  };
  return to;
}

function endError({ code, message, retryAfterSeconds }: StreamEnd): GraphQLError {
  const extensions = { code, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
  return new GraphQLError(message, { extensions });
}
