import { type ChannelName, factsOf } from "../channels/catalog.ts";
import { readEmail } from "../value/email-address.ts";
import { readPhone } from "../value/phone.ts";
import { canonicalOr } from "../value/value.ts";

/**
 * An address on a channel in the form in which members hold theirs, whoever tells of it: an operator, a provider, a
 * reply. One that is none stays as it is, and is nobody's.
 */
export function canonicalAddress(channel: ChannelName, told: string): string {
  switch (factsOf(channel).address) {
    case "email":
      return canonicalOr(readEmail, /<([^<>]+)>\s*$/.exec(told)?.[1] ?? told);
    case "phone":
      return canonicalOr(readPhone, told);
    default:
      return told.trim();
  }
}
