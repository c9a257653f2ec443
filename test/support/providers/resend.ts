import { z } from "zod";
import { type Accepted, type Answers, type Provider, startProvider } from "./provider.ts";

export const resendKey = "re_test_secret_key_of_the_shop";

const Email = z.object({
  from: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  html: z.string(),
  text: z.string().optional(),
  reply_to: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  tags: z.array(z.object({ name: z.string(), value: z.string().regex(/^[A-Za-z0-9_-]{1,256}$/) })),
});
export type ResendEmail = z.infer<typeof Email>;

export function startResend(): Provider {
  return startProvider(resendAnswers());
}

/** So long Resend knows an idempotency key. */
const keptMs = 86_400_000;

/** Answers `POST /emails/batch` as Resend does: API key, permissive validation, idempotency keys. */
export function resendAnswers(): Answers {
  const known = new Map<string, { readonly body: string; readonly answer: unknown; readonly at: number }>();
  return ({ path, headers, body, accepted }) => {
    if (path !== "/emails/batch") return refusal(404, "not_found", "The requested endpoint does not exist");
    if (headers.get("authorization") !== `Bearer ${resendKey}`)
      return refusal(403, "invalid_api_key", "API key is invalid");
    if (headers.get("x-batch-validation") !== "permissive")
      return refusal(422, "validation_error", "This server is permissive");
    const key = headers.get("idempotency-key") ?? "";
    if (key.length < 1 || key.length > 256)
      return refusal(400, "invalid_idempotency_key", "The key must be between 1-256 chars.");
    const kept = known.get(key);
    const earlier = kept && Date.now() - kept.at < keptMs ? kept : undefined;
    if (earlier && earlier.body !== body)
      return refusal(409, "invalid_idempotent_request", "Same idempotency key used with a different request payload");
    const answer = earlier?.answer ?? deliver(body, accepted);
    known.set(key, { body, answer, at: earlier?.at ?? Date.now() });
    return Response.json(answer);
  };
}

function deliver(body: string, accepted: Accepted[]) {
  const emails = z.array(Email).max(100).parse(JSON.parse(body));
  const data: { id: string }[] = [];
  const errors: { index: number; message: string }[] = [];
  for (const [index, { to, tags }] of emails.entries()) {
    const address = to[0] ?? "";
    if (/^\S+@\S+\.\S+$/.test(address)) {
      accepted.push({ ref: Buffer.from(tags[0]?.value ?? "", "base64url").toString(), to: address });
      data.push({ id: crypto.randomUUID() });
    } else
      errors.push({ index, message: `Invalid \`to\` field. The email address ${address} needs to follow the format` });
  }
  return { data, errors };
}

export function refusal(
  statusCode: number,
  name: string,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ statusCode, name, message }, { status: statusCode, headers });
}
