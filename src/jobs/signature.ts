import { compactVerify } from "jose";
import { z } from "zod";
import type { JobContext } from "./job.ts";

/** Clocks of the queue and ours may differ by this much, in seconds. */
const clockTolerance = 10;

interface Signed {
  readonly signature: string | null;
  readonly body: string;
  /** The address that it must have been signed for, exactly. */
  readonly url: string;
}

/** Why a delivery is not from our queue, in words for whoever has to mend it; nothing when it is. The SDK's receiver decides. */
export async function signatureFault(ctx: JobContext, { signature, body, url }: Signed): Promise<string | undefined> {
  if (!signature) return "the request is not signed";
  try {
    await ctx.queue.receiver.verify({ signature, body, url, clockTolerance });
    return undefined;
  } catch {
    return `the signature does not hold: ${await reason(ctx, signature, url)}`;
  }
}

const Claims = z.object({ iss: z.string(), sub: z.string(), nbf: z.number(), exp: z.number() });

/** The receiver tells only what the second key made of it; this looks at what either key signed. */
async function reason(ctx: JobContext, signature: string, url: string): Promise<string> {
  const { currentSigningKey, nextSigningKey } = ctx.queue.settings;
  const claims = (await claimsOf(signature, currentSigningKey)) ?? (await claimsOf(signature, nextSigningKey));
  const now = Date.now() / 1000;
  if (!claims) return "it was made with another key, or is no signature of a queue";
  if (claims.iss !== "Upstash") return "its issuer is not Upstash";
  if (claims.sub !== url) return `it was made for the URL ${claims.sub}, and this one is ${url}; is PUBLIC_URL right?`;
  if (claims.exp < now - clockTolerance) return "it has expired";
  if (claims.nbf > now + clockTolerance) return "it is not valid yet; do the clocks agree?";
  return "it was made for another body";
}

async function claimsOf(signature: string, key: string): Promise<z.infer<typeof Claims> | undefined> {
  try {
    const { payload } = await compactVerify(signature, new TextEncoder().encode(key), { algorithms: ["HS256"] });
    return Claims.safeParse(JSON.parse(new TextDecoder().decode(payload))).data;
  } catch {
    return undefined;
  }
}
