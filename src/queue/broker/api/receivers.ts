import { z } from "zod";
import type { Receivers } from "../delivery/receivers.ts";
import { reject } from "../rejection.ts";
import { isStanding } from "../standing.ts";
import { readJson } from "./body.ts";
import type { Answer, Call, Routes } from "./http.ts";

const origin = z.string().regex(/^https?:\/\/[^/?#]+$/, "an origin such as http://127.0.0.1:3000");
const announcement = z.object({
  origin: z.string().refine(isStanding, "no standing origin"),
  receiver: origin,
  /** How long it counts. */
  seconds: z.number().positive().max(3_600).default(15),
});

/**
 * Ours alone, QStash has no such thing: a process says that it takes what is for a standing origin, again and again
 * while it lives, and that it no longer does.
 */
export function receiverRoutes({ receivers }: { readonly receivers: Receivers }): Routes {
  return {
    "POST /v2/receivers": (call) =>
      told(call, ({ origin, receiver, seconds }) => receivers.announce(origin, receiver, seconds * 1_000)),
    "DELETE /v2/receivers": (call) => told(call, ({ origin, receiver }) => receivers.withdraw(origin, receiver)),
  };
}

async function told({ request }: Call, tell: (what: z.infer<typeof announcement>) => void): Promise<Answer> {
  const asked = announcement.safeParse(readJson(await request.bytes()));
  if (!asked.success) {
    const [issue] = asked.error.issues;
    return reject(400, `invalid announcement: ${issue?.path.join(".")} ${issue?.message}`);
  }
  tell(asked.data);
  return {};
}
