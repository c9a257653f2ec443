import ipaddr from "ipaddr.js";

/** Azure's own service beside each machine, which answers at an address of the world outside. */
const besideMachines = ["168.63.129.16"];

/**
 * Whether an IP address is out in the world: not this machine's, not its network's, its carrier's or its cloud's, of
 * one receiver alone, and no other form of one that is not (IPv4 in IPv6, 6to4, Teredo). False for what is no address.
 */
export function isOutside(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const known = ipaddr.parse(address);
  if (known instanceof ipaddr.IPv4) return known.range() === "unicast" && !besideMachines.includes(known.toString());
  if (known.range() === "rfc6052") return isOutside(known.toByteArray().slice(-4).join(".")); // NAT64: an IPv4 address
  const isGlobal = known.match(ipaddr.IPv6.parse("2000::"), 3);
  return isGlobal && known.range() === "unicast";
}
