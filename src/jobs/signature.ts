import { compactVerify } from "jose";
import { z } from "zod";
import { clockTolerance } from "../queue/verifier.ts";
import type { JobContext } from "./job.ts";

interface Signed {
  readonly signature: string | null;
  readonly body: string;
  /** The addresses of the job, for one of which it must have been signed, exactly. The first is the usual one. */
  readonly urls: readonly [string, ...string[]];
}

/** Why a delivery is not from our queue, in words for whoever has to mend it; nothing when it is. */
export async function signatureFault(ctx: JobContext, { signature, body, urls }: Signed): Promise<string | undefined> {
  if (!signature) return "the request is not signed";
  for (const url of urls) if (await ctx.queue.verifier.holds({ signature, body, url })) return undefined;
  return `the signature does not hold: ${await reason(ctx, signature, urls)}`;
}

const Claims = z.object({ iss: z.string(), sub: z.string(), nbf: z.number(), exp: z.number() });

/** The verifier tells only that none of its keys fits; this looks at what either key signed. */
async function reason(ctx: JobContext, signature: string, urls: Signed["urls"]): Promise<string> {
  const { current, next } = ctx.queue.verifier.keys();
  const claims = (await claimsOf(signature, current)) ?? (await claimsOf(signature, next));
  const now = ctx.clock() / 1000;
  if (!claims) return "it was made with another key, or is no signature of a queue";
  if (claims.iss !== "Upstash") return "its issuer is not Upstash";
  if (!urls.includes(claims.sub))
    return `it was made for the URL ${claims.sub}, and this one is ${urls[0]}; is PUBLIC_URL right?`;
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
