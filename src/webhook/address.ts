/**
 * What is wrong with an endpoint's address, in words; nothing when it may be called. In production it must be https and
 * out in the world.
 */
export function addressFault(address: string, httpsOnly: boolean): string | undefined {
  const url = URL.parse(address);
  if (!url || address.length > 2_000) return "must be a URL of at most 2,000 characters";
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with https://";
  if (url.username || url.password) return "must not hold a password: the signature says who calls";
  if (url.hash) return "must not have a fragment: it would never arrive";
  if (!httpsOnly) return undefined;
  if (url.protocol !== "https:") return "must begin with https://";
  if (isInside(url.hostname)) return "must not lead to this machine or its own network";
  return undefined;
}

/** Global only by their first figure: 6to4 and Teredo, which stand for IPv4 addresses, and others of special use. */
const tunnels = /^\[(2002:|2001:(:|[0-9a-f]{1,2}:|1[0-9a-f]{2}:|db8:))/;

/** Names and addresses that are surely not out in the world; what a name leads to is for the network's own rules. */
function isInside(host: string): boolean {
  if (host.startsWith("[")) return !/^\[[23]/.test(host) || tunnels.test(host); // all but global unicast
  if (/(^|\.)(localhost|local|internal|lan|home\.arpa)\.?$/.test(host)) return true;
  if (!/\../.test(host)) return true; // a name of one word is one's own
  const [a = -1, b = -1, c = -1] = /^\d+\.\d+\.\d+\.\d+$/.test(host) ? host.split(".").map(Number) : [];
  if ((a === 198 && (b === 18 || b === 19)) || (a === 192 && b === 0 && c === 0)) return true;
  const carrier = a === 100 && b >= 64 && b < 128;
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
  return a === 0 || a === 127 || (a === 169 && b === 254) || a >= 224 || carrier || isPrivate;
}
