import { addressOfJob, installationOf, nameAtQueue } from "../installation.ts";
import type { Queue, QueueSettings } from "../qstash.ts";

/** The URL group that events are announced to: one for each installation, for several may share a QStash account. */
export function eventGroup(settings: Pick<QueueSettings, "installation">): string {
  return nameAtQueue(settings, "events");
}

/** What earlier versions called it. */
function formerEventGroup({ jobsUrl }: Pick<QueueSettings, "jobsUrl">): string {
  return `fanfare-events-${installationOf(jobsUrl)}`;
}

/**
 * Makes the group's endpoints the jobs of these names: adds what is missing, then removes what is no longer among them.
 * Says what was not so.
 */
export async function mendEventGroup(
  { client, settings }: Queue,
  jobs: readonly string[],
): Promise<{ readonly name: string; readonly was: "MISSING" | "FOREIGN" }[]> {
  const name = eventGroup(settings);
  const wanted = jobs.map((job) => ({ name: job, url: addressOfJob(settings, job) }));
  const groups = await client.urlGroups.list();
  const there = (groups.find((group) => group.name === name)?.endpoints ?? []).map(({ url }) => url);
  const missing = wanted.filter(({ url }) => !there.includes(url));
  const stale = there.filter((url) => !wanted.some((endpoint) => endpoint.url === url));
  if (missing.length > 0) await client.urlGroups.addEndpoints({ name, endpoints: missing });
  if (stale.length > 0) await client.urlGroups.removeEndpoints({ name, endpoints: stale.map((url) => ({ url })) });
  const formers = [settings.jobsUrl, settings.ownUrl ?? settings.jobsUrl].map((jobsUrl) =>
    formerEventGroup({ jobsUrl }),
  );
  for (const former of new Set(formers)) {
    if (groups.some((group) => group.name === former)) await client.urlGroups.delete(former);
  }
  return [
    ...(missing.length > 0 ? [{ name, was: "MISSING" } as const] : []),
    ...(stale.length > 0 ? [{ name, was: "FOREIGN" } as const] : []),
  ];
}
