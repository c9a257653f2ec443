/** Hosts of this kind are nobody's on the network: what is for one is taken by whoever has announced himself for it. */
const suffix = ".receivers.internal";

/** An origin for destinations that outlive the processes that answer there. */
export function standingOrigin(name: string): string {
  return `http://${name}${suffix}`;
}

export function isStanding(origin: string): boolean {
  return origin.startsWith("http://") && origin.endsWith(suffix);
}

/** What comes before the path; cheaper than reading the whole address, and as good for telling destinations apart. */
export function originOf(url: string): string {
  const end = url.slice(8).search(/[/?#]/);
  return end < 0 ? url : url.slice(0, end + 8);
}
