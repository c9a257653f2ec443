import type { JobContext } from "./job.ts";

interface Secrets {
  readonly resend: string | undefined;
  readonly twilio: string | undefined;
  readonly twilioUrl: string;
}

export async function handleWebhook(
  _ctx: JobContext,
  _provider: string,
  _request: Request,
  _secrets: Secrets,
): Promise<Response> {
  return Response.json({ error: "not found" }, { status: 404 });
}
