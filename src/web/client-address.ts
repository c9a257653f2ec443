import { isIPv4, isIPv6 } from "node:net";
import type { Log } from "../context.ts";

/** Whose request it is, as limits count it. */
export type AddressOf = (request: Request, server: Bun.Server<unknown>) => string;

/**
 * Says where callers sit: at the other end of the connection or, where a proxy is trusted, as the proxy names them,
 * whose own entry is the last one. Tells the log once when a proxy seems to be there and is not trusted, for then all
 * callers count as one.
 */
export function clientAddress(trustProxy: boolean, log: Log): AddressOf {
  const keyOf = remembered(addressKey);
  let warned = false;
  return (request, server) => {
    const forwarded = request.headers.get("x-forwarded-for");
    if (forwarded !== null && trustProxy) {
      const named = keyOf(forwarded.slice(forwarded.lastIndexOf(",") + 1));
      if (named) return named;
    }
    if (forwarded !== null && !trustProxy && !warned) {
      warned = true;
      const line = "a proxy sends X-Forwarded-For: unless TRUST_PROXY=true, all of its callers share one rate limit";
      log("warn", "proxy.untrusted", { line });
    }
    return keyOf(server.requestIP(request)?.address ?? "") ?? "unknown";
  };
}

/** No address is longer in any form. */
const longestAddress = 64;
const rememberAtMost = 10_000;

/** What an address is counted by never changes; it takes two microseconds to find out, twice a request. */
function remembered(find: typeof addressKey): typeof addressKey {
  const known = new Map<string, string | undefined>();
  return (text) => {
    const hit = known.get(text);
    if (hit !== undefined || text.length > longestAddress) return hit ?? find(text);
    if (known.size >= rememberAtMost) known.clear();
    const key = find(text);
    known.set(text, key);
    return key;
  };
}

/**
 * What an address is counted by: an IPv4 address, also in its IPv6 form, or the /64 of an IPv6 address, which is what
 * one customer of a provider has at least. Nothing for what is no address.
 */
export function addressKey(text: string): string | undefined {
  const bare = text.trim().replace(/^\[([^\]]*)\](:\d+)?$/, "$1");
  const address = bare.replace(/%.*$/, "").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  const groups = groupsOf(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join(".");
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes it in its one canonical form.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const parse = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const [front, back] = [parse(head), parse(tail ?? "")];
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}
