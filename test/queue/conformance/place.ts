/**
 * Which server the suite speaks to. With CONFORMANCE_DESTINATION it is the one at QSTASH_URL, whose QSTASH_TOKEN must
 * be given and which must be able to reach that address; without, an embedded broker that each file starts for itself.
 */
const { QSTASH_URL, QSTASH_TOKEN, CONFORMANCE_DESTINATION, CONFORMANCE_PORT } = process.env;

export interface Elsewhere {
  readonly url: string;
  readonly token: string;
  /** The public address of {@link port}, without a trailing slash. */
  readonly destination: string;
  /** Where the suite listens. */
  readonly port: number;
}

export const elsewhere = readElsewhere();

function readElsewhere(): Elsewhere | undefined {
  if (!CONFORMANCE_DESTINATION) return undefined;
  const port = Number(CONFORMANCE_PORT ?? new URL(CONFORMANCE_DESTINATION).port);
  if (!QSTASH_URL || !QSTASH_TOKEN || !port) {
    throw new Error(
      "CONFORMANCE_DESTINATION needs QSTASH_URL, QSTASH_TOKEN, and CONFORMANCE_PORT where the address has none.",
    );
  }
  const destination = CONFORMANCE_DESTINATION.replace(/\/$/, "");
  return { url: QSTASH_URL.replace(/\/$/, ""), token: QSTASH_TOKEN, destination, port };
}

/** Whether it is the embedded broker, whose clock can be moved and whose account is the suite's own. */
export const isOurs = elsewhere === undefined;

/** Elsewhere everything travels further, and some of it takes a minute to be known everywhere. */
export const patience = isOurs ? 10_000 : 150_000;

/** A delay between two tries: ms, as an expression. */
export const soon = isOurs ? "10" : "1000";

/** An address at which nobody answers. */
export const nowhere = isOurs ? "http://127.0.0.1:1" : "https://conformance.invalid";
