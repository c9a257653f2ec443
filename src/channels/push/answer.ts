import { z } from "zod";
import { reasonOf, settingReason } from "../failure-reason.ts";
import type { Answer } from "../http.ts";
import type { TokenAnswer } from "../send-tokens.ts";

const Message = z.object({ name: z.string().min(1) });
const Detail = z.object({
  errorCode: z.string().optional(),
  fieldViolations: z.array(z.object({ field: z.string().catch("") })).optional(),
});
const Fault = z.object({
  error: z.object({
    status: z.string().catch(""),
    message: z.string().catch(""),
    details: z.array(Detail).catch([]),
  }),
});

/**
 * Reads FCM's answer to one message for this token (error codes:
 * firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode).
 */
export function tokenAnswer(token: string, answer: Answer): TokenAnswer {
  if (answer.kind === "unreached") return { kind: "retry", reason: "FCM could not be reached" };
  if (answer.kind === "unanswered") return { kind: "unknown", reason: "FCM did not answer" };
  const { status, body, retryAfter } = answer;
  const message = Message.safeParse(body);
  if (status === 200) return message.success ? { kind: "sent", providerId: message.data.name } : noId;
  const fault = Fault.safeParse(body).data?.error;
  const code = fault?.details.find(({ errorCode }) => errorCode)?.errorCode ?? (fault?.status || String(status));
  if (code === "UNREGISTERED") return { kind: "gone" };
  if (status === 429) return later(retryAfter ?? 60, code);
  // Only an overload that FCM itself declares, with a time to come back, was surely not accepted.
  if (status === 503 && fault && retryAfter !== undefined) return later(retryAfter, code);
  if (status >= 500 || status === 408) return { kind: "unknown", reason: `FCM is out of order (${status})` };
  if (status === 400 && fault && speaksOfToken(fault)) return { kind: "gone" };
  return refusal(status, code) ?? { kind: "failed", reason: reasonOf("FCM", code, fault?.message, [token]) };
}

const noId: TokenAnswer = { kind: "unknown", reason: "FCM gave no id" };

function later(afterSeconds: number, code: string): TokenAnswer {
  return { kind: "retry", afterSeconds, reason: `FCM wants to be asked later (${code})` };
}

function refusal(status: number, code: string): TokenAnswer | undefined {
  // A token of another project is not ours to delete: it may be our key file that is wrong.
  if (code === "SENDER_ID_MISMATCH") return { kind: "failed", reason: reasonOf("FCM", code) };
  if (code === "THIRD_PARTY_AUTH_ERROR") return unfit("the APNs key or web push key in Firebase", code);
  if (status === 401) return { kind: "unauthorised" };
  return status === 400 ? undefined : unfit("push.serviceAccount and push.baseUrl", code);
}

function unfit(setting: string, code: string): TokenAnswer {
  return { kind: "retry", afterSeconds: 300, reason: settingReason("FCM", setting, code) };
}

function speaksOfToken({ message, details }: z.infer<typeof Fault>["error"]): boolean {
  const fields = details.flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }) => field));
  return fields.length > 0 ? fields.includes("message.token") : /registration token/i.test(message);
}
