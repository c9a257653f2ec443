import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { hostOf } from "./address.ts";
import { isOutside } from "./outside.ts";

/** One way to call a URL: `fetch` is given all of it. */
export interface Road {
  readonly url: string;
  /** The name that was asked for, where `url` names an address instead. */
  readonly headers?: { readonly host: string };
  /** Whom the certificate must be for. */
  readonly tls?: { readonly serverName: string };
  /** No connection that was opened, and checked, for another name. */
  readonly keepalive?: false;
}

/** All addresses that a name leads to. */
export type LookUp = (name: string) => Promise<readonly string[]>;

const lookUpAll: LookUp = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);

/** The URL as it is: wherever its name leads. */
export async function openRoad(url: string): Promise<readonly Road[]> {
  return [{ url }];
}

/**
 * The ways to call a URL that lead out into the world, to the very addresses that were looked at, so that its name may
 * lead elsewhere a moment later; none where one of its addresses is inside, or it has none. Rejects where the name
 * cannot be looked up.
 */
export async function checkedRoads(address: string, lookUp: LookUp = lookUpAll): Promise<readonly Road[]> {
  const url = new URL(address);
  const name = hostOf(url);
  if (isIP(name)) return isOutside(name) ? [{ url: address, keepalive: false }] : [];
  const found = await lookUp(name);
  if (!found.every(isOutside)) return [];
  return byFamily(found).map((ip) => roadTo(url, name, ip));
}

/** IPv4 first: many machines have no road for IPv6, though names lead there. */
function byFamily(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)].sort((a, b) => isIP(a) - isIP(b)).slice(0, mostTried);
}

/** Addresses that are tried at most; the attempt's time bounds them, too. */
const mostTried = 4;

/** The way to a URL at one of its name's addresses. */
export function roadTo({ href, host }: URL, name: string, ip: string): Road {
  const pinned = new URL(href);
  pinned.hostname = isIP(ip) === 6 ? `[${ip}]` : ip;
  return {
    url: pinned.href,
    headers: { host },
    tls: { serverName: name.replace(/\.$/, "") },
    keepalive: false,
  };
}
