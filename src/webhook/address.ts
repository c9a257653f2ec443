import { isIP } from "node:net";
import { isOutside } from "./outside.ts";

/**
 * What is wrong with an endpoint's address, in words; nothing when it may be called. In production it must be https and
 * out in the world: what its name leads to is looked at before each call (`checkedRoads`).
 */
export function addressFault(address: string, httpsOnly: boolean): string | undefined {
  const url = URL.parse(address);
  if (!url || address.length > 2_000) return "must be a URL of at most 2,000 characters";
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with https://";
  if (url.username || url.password) return "must not hold a password: the signature says who calls";
  if (url.hash) return "must not have a fragment: it would never arrive";
  if (!httpsOnly) return undefined;
  if (url.protocol !== "https:") return "must begin with https://";
  if (isInside(hostOf(url))) return "must not lead to this machine or its own network";
  return undefined;
}

/** The name or the IP address that a URL names, without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** Names and addresses that are surely not out in the world. */
function isInside(host: string): boolean {
  if (isIP(host)) return !isOutside(host);
  if (/(^|\.)(localhost|local|internal|lan|home\.arpa)\.?$/.test(host)) return true;
  return !/\../.test(host); // a name of one word is one's own
}
