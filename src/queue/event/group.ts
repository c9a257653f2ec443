import { installation } from "../installation.ts";
import type { Queue, QueueSettings } from "../qstash.ts";

/** The URL group that events are announced to: one for each installation, for several may share a QStash account. */
export function eventGroup(settings: Pick<QueueSettings, "jobsUrl">): string {
  return `fanfare-events-${installation(settings)}`;
}

/**
 * Makes the group's endpoints the jobs of these names: adds what is missing, then removes what is no longer among them.
 */
export async function armEventGroup({ client, settings }: Queue, jobs: readonly string[]): Promise<void> {
  const name = eventGroup(settings);
  const wanted = jobs.map((job) => ({ name: job, url: `${settings.jobsUrl}/${job}` }));
  const groups = await client.urlGroups.list();
  const there = (groups.find((group) => group.name === name)?.endpoints ?? []).map(({ url }) => url);
  const missing = wanted.filter(({ url }) => !there.includes(url));
  const stale = there.filter((url) => !wanted.some((endpoint) => endpoint.url === url));
  if (missing.length > 0) await client.urlGroups.addEndpoints({ name, endpoints: missing });
  if (stale.length > 0) await client.urlGroups.removeEndpoints({ name, endpoints: stale.map((url) => ({ url })) });
}
