import type { Timers } from "../world.ts";
import { deadlinesOf } from "./deadlines.ts";

/** How a body may arrive. */
export interface BodyLimits {
  /** Longest, in bytes. */
  readonly maxBytes: number;
  /** All of it must be there after so long; half a minute unless given. */
  readonly withinMs?: number;
  readonly timers: Timers;
}

/** A body that was not taken: it is longer than it may be, or did not arrive in time. */
export type BodyFault = "too long" | "too slow";

const arriving = new WeakSet<Request>();

/** Whether somebody waits for the rest of this request's body. */
export function isArriving(request: Request): boolean {
  return arriving.has(request);
}

/** Says so of the request while this goes on. */
export async function whileArriving<T>(request: Request, work: Promise<T>): Promise<T> {
  arriving.add(request);
  try {
    return await work;
  } finally {
    arriving.delete(request);
  }
}

/**
 * A request's body as text. One whose announced length is too long is not read at all, and of others not more than may
 * be. Whoever answers a {@link BodyFault} should end the connection.
 */
export async function readText(request: Request, limits: BodyLimits): Promise<{ text: string } | BodyFault> {
  const { maxBytes, timers, withinMs = 30_000 } = limits;
  const announced = announcedLength(request);
  if (announced !== undefined && announced > maxBytes) return "too long";
  // The server reads no more than was announced; counting what streams in costs more than all else that we do.
  const text = announced === undefined ? counted(request.body, maxBytes) : request.text();
  const read = await inTime(request, text, (late) => deadlinesOf(timers)(withinMs, late));
  return read === tooSlow ? "too slow" : read === tooLong ? "too long" : { text: read };
}

const tooSlow = Symbol("too slow");
const tooLong = Symbol("too long");

/** What arrives, unless it is late; of what is late nobody hears any more. */
function inTime<T>(
  request: Request,
  arrival: Promise<T>,
  deadline: (late: () => void) => () => void,
): Promise<T | typeof tooSlow> {
  return new Promise((resolve, reject) => {
    arriving.add(request);
    const done = () => {
      arriving.delete(request);
      stop();
    };
    const stop = deadline(() => {
      done();
      resolve(tooSlow);
    });
    arrival.then(
      (whole) => {
        done();
        resolve(whole);
      },
      (fault) => {
        done();
        reject(fault);
      },
    );
  });
}

/** The length that the request says it has, where nothing contradicts it. */
function announcedLength({ headers }: Request): number | undefined {
  const length = headers.get("content-length") ?? "";
  return /^\d{1,15}$/.test(length) && !headers.has("transfer-encoding") ? Number(length) : undefined;
}

async function counted(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<string | typeof tooLong> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) return tooLong;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
