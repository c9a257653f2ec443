import type { ExternalChannelName } from "./channels/catalog.ts";
import { flag, isPrivateUrl, listOf } from "./env-values.ts";
import type { Given, Name } from "./env-variables.ts";

// What of the environment makes sense only together, and what production does not take.

/** What each channel's provider needs; a channel without it goes to the sandbox. */
const providers: Readonly<Record<ExternalChannelName, readonly Name[]>> = {
  EMAIL: ["RESEND_API_KEY", "EMAIL_FROM"],
  SMS: ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"],
  PUSH: ["FCM_SERVICE_ACCOUNT"],
};

/** Variables that make sense only together; one may stand in several groups, of which one must be whole. */
const groups: readonly (readonly Name[])[] = [
  ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"],
  ["QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"],
  ...Object.values(providers),
];

export function contradictions(given: Given): string[] {
  const whole = new Set(groups.filter((group) => missingOf(group, given).length === 0).flat());
  const faults = groups.flatMap((group) => {
    const lonely = group.filter((name) => given[name] !== undefined && !whole.has(name));
    return lonely.length === 0
      ? []
      : [`${missingOf(group, given).join(", ")}: missing, while ${lonely.join(", ")} is set`];
  });
  if (given.REDIS_URL && given.UPSTASH_REDIS_REST_URL) {
    faults.push("REDIS_URL: set together with UPSTASH_REDIS_REST_URL; which one is meant?");
  }
  if (given.DOCUMENTS === undefined && flag.safeParse(given.DOCUMENTS_ONLY).data) {
    faults.push("DOCUMENTS: missing, while DOCUMENTS_ONLY is set: nothing at all could be asked of /app");
  }
  if (given.BROKER === "own-process" && !Number(given.BROKER_PORT)) {
    faults.push("BROKER_PORT: needed with BROKER=own-process, so that server and broker find each other");
  }
  const shared = flag.safeParse(given.PORT_SHARED).data;
  if (shared && Number(given.PORT) === 0) faults.push("PORT: 0 is another port for each, while PORT_SHARED is set");
  if (shared && given.BROKER !== "own-process" && !given.QSTASH_TOKEN) {
    faults.push("PORT_SHARED: needs BROKER=own-process or QStash; a queue in one server's process is no other's");
  }
  return faults;
}

function missingOf(group: readonly Name[], given: Given): Name[] {
  return group.filter((name) => given[name] === undefined);
}

export function unsafeInProduction(given: Given): string[] {
  const faults: string[] = [];
  const needs = (name: Name, why: string) => {
    if (given[name] === undefined) faults.push(`${name}: required in production ${why}`);
  };
  needs("PUBLIC_URL", "(links and signatures are made for it)");
  needs("LINK_SECRET", "(signs links in messages)");
  if (!given.MEMBER_JWT_JWKS_URL) needs("MEMBER_JWT_SECRET", "(or MEMBER_JWT_JWKS_URL: checks members' tokens)");
  for (const name of ["PUBLIC_URL", "MEMBER_JWT_JWKS_URL"] as const) {
    const address = given[name];
    if (address && !isPrivateUrl(address)) faults.push(`${name}: must be https:// in production`);
  }
  const allowed = listOf(given.ALLOW ?? "");
  if (!allowed.includes("embedded-broker")) needs("QSTASH_TOKEN", "(unless ALLOW names embedded-broker)");
  if (allowed.includes("sandbox")) return faults;
  for (const [channel, group] of Object.entries(providers)) {
    const missing = missingOf(group, given);
    if (missing.length > 0)
      faults.push(
        `${missing.join(", ")}: required in production ` +
          `(${channel} would go to the sandbox; unless ALLOW names sandbox)`,
      );
  }
  return faults;
}
