import type { QueueSettings } from "./qstash.ts";

type Naming = Pick<QueueSettings, "installation">;

/** A short name for an installation, of what tells it from others: characters that any name in the queue may have. */
export function installationOf(what: string): string {
  return new Bun.CryptoHasher("sha256").update(what).digest("hex").slice(0, 12);
}

/**
 * What something of ours is called at the queue. Every name that the queue is given is made here – of flows, schedules,
 * URL groups, labels and deduplication ids – for names belong to the whole account, and several installations may
 * share one.
 */
export function nameAtQueue({ installation }: Naming, name: string): string {
  return `fanfare-${installation}.${name}`;
}

/** What the queue calls so, if it is ours. */
export function nameFromQueue(settings: Naming, given: string): string | undefined {
  const prefix = nameAtQueue(settings, "");
  return given.startsWith(prefix) ? given.slice(prefix.length) : undefined;
}

/** Where the queue finds a job of ours. */
export function addressOfJob({ jobsUrl }: Pick<QueueSettings, "jobsUrl">, job: string): string {
  return `${jobsUrl}/${job}`;
}

/** The job of ours that an address is of; undefined for another installation's. */
export function jobAt({ jobsUrl, ownUrl }: Pick<QueueSettings, "jobsUrl" | "ownUrl">, url: string): string | undefined {
  for (const prefix of [`${jobsUrl}/`, ...(ownUrl === undefined ? [] : [`${ownUrl}/`])]) {
    if (url.startsWith(prefix)) return url.slice(prefix.length);
  }
  return undefined;
}
