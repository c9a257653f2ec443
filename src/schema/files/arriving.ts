import { type BodyFault, whileArriving } from "../../web/body.ts";
import type { Timers } from "../../world.ts";
import { problem } from "../server/http-error.ts";

/** A file must keep arriving: so many bytes in so many milliseconds, again and again. */
export interface Pace {
  readonly bytes: number;
  readonly ms: number;
}

export const slowest: Pace = { bytes: 10_000, ms: 10_000 };

export interface Arrival {
  readonly maxBytes: number;
  readonly pace: Pace;
  readonly timers: Timers;
}

/** Writes a body to a file, never more than a chunk of it in memory; or says why not all of it. */
export async function keepBody(
  request: Request,
  path: string,
  { maxBytes, pace, timers }: Arrival,
): Promise<BodyFault | undefined> {
  const slow = Promise.withResolvers<"too slow">();
  let [arrived, before] = [0, 0];
  const timer = timers.every(pace.ms, () => {
    if (arrived - before < pace.bytes) slow.resolve("too slow");
    before = arrived;
  });
  const copy = async (): Promise<BodyFault | undefined> => {
    const sink = Bun.file(path).writer();
    try {
      for await (const chunk of request.body ?? []) {
        arrived += chunk.byteLength;
        if (arrived > maxBytes) return "too long";
        sink.write(chunk);
        await sink.flush();
      }
      return undefined;
    } finally {
      await sink.end();
    }
  };
  const copied = copy();
  copied.catch(() => {}); // nobody waits for it any more when it was too slow
  try {
    return await whileArriving(request, Promise.race([copied, slow.promise]));
  } finally {
    timer.stop();
  }
}

/** How long a file that is being read may go on after its process was told to stop. */
const lastMs = 3_000;

export interface Leaving {
  /** Aborted when the process begins to stop. */
  readonly leaving: AbortSignal;
  readonly timers: Timers;
  readonly requestId: string;
}

/** The answer of some work or, soon after the process begins to stop, that the caller should come back. */
export async function untilLeaving(
  work: Promise<Response>,
  { leaving, timers, requestId }: Leaving,
): Promise<Response> {
  const left = Promise.withResolvers<Response>();
  const message = "This server is stopping. Send the same file again: it goes on where it stopped.";
  const comeBack = () => left.resolve(problem(503, "STOPPING", message, requestId, { "retry-after": "1" }));
  let timer = timers.after(0, () => {});
  const wait = () => {
    timer = timers.after(lastMs, comeBack);
  };
  leaving.addEventListener("abort", wait, { once: true });
  if (leaving.aborted) wait();
  work.catch(() => {}); // what it reads is gone once the caller was told to come back
  try {
    return await Promise.race([work, left.promise]);
  } finally {
    timer.stop();
    leaving.removeEventListener("abort", wait);
  }
}
