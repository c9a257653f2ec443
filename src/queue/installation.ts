import type { QueueSettings } from "./qstash.ts";

/**
 * A short name for this installation, of characters that any name in the queue may have: several may share a QStash
 * account.
 */
export function installation({ jobsUrl }: Pick<QueueSettings, "jobsUrl">): string {
  return new Bun.CryptoHasher("sha256").update(jobsUrl).digest("hex").slice(0, 12);
}
