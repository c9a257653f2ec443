/** Why the work of a message was put off by somebody else than the queue: a provider that refuses it for now, say. */
export interface Setback {
  /** A sentence without its full stop: who, and in whose words. */
  readonly said: string;
  readonly times: number;
  /** When it happened first (ms). */
  readonly since: number;
  /** What a person can do about it. */
  readonly advice: string;
}

/** A setback in a sentence or two, for whoever asks why nothing comes of it. */
export function setbackText({ said, times, since }: Omit<Setback, "advice">): string {
  const often = times === 1 ? "Once" : `${times} times`;
  return `${said}. ${often} since ${new Date(since).toISOString()}.`;
}
