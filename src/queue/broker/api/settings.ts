import { z } from "zod";
import { evaluateDelay } from "../delivery/delay-expression.ts";
import { parseDuration } from "../duration.ts";
import type { Redaction } from "../records.ts";

const year = 366 * 86_400_000;
const longestTimeout = 12 * 3_600_000;

const duration = (name: string, longest: number) =>
  z.string().transform((text, issue) => {
    const ms = parseDuration(text.trim());
    if (ms !== undefined && ms <= longest) return ms;
    issue.addIssue(`invalid ${name} "${text}": give a number and a unit, such as 30s, 10m or 2h`);
    return z.NEVER;
  });

const count = (name: string, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `invalid ${name}: give a whole number`)
    .transform(Number)
    .refine((value) => value <= most, `invalid ${name}: at most ${most}`);

/** An absolute http(s) URL, kept as it was written: deliveries are signed for exactly that. */
export const destination = z.string().superRefine((text, issue) => {
  if (!/^https?:\/\//i.test(text)) {
    issue.addIssue("invalid destination url: endpoint has invalid scheme, add http:// or https:// in front of it");
  } else if (!/^https?:\/\/[^/?#]/i.test(text) || !URL.canParse(text))
    issue.addIssue(`invalid destination url: ${text}`);
});

/** A duration, or whole seconds without a unit, as the SDK's documentation has them. */
const timeout = z
  .string()
  .transform((text) => (/^\d+$/.test(text) ? `${text}s` : text))
  .pipe(duration("timeout", longestTimeout));

/** Labels divided by commas. */
const labels = z
  .string()
  .max(1_024, "invalid label: too long")
  .transform((text) =>
    text
      .split(",")
      .map((label) => label.trim())
      .filter((label) => label !== "")
      .join(","),
  )
  .transform((text) => (text === "" ? undefined : text));

const expression = z
  .string()
  .refine((text) => evaluateDelay(text, 0) !== undefined, "invalid retry delay: not an expression of retried, in ms");

const flag = (name: string) =>
  z
    .enum(["true", "false", "1", "0"], `invalid ${name}: true or false`)
    .transform((text) => text === "true" || text === "1");

const key = (name: string, longest: number) =>
  z.string().min(1, `invalid ${name}: it is empty`).max(longest, `invalid ${name}: at most ${longest} characters`);

/** `body, header[Authorization]`, `headers`: what is not to be shown. */
const redaction = z.string().transform((text, issue): Redaction => {
  let body = false;
  let headers: true | string[] = [];
  for (const field of text.split(",").map((part) => part.trim())) {
    const [, name] = /^headers?\[([^\]]+)\]$/i.exec(field) ?? [];
    if (field === "body") body = true;
    else if (field === "header" || field === "headers") headers = true;
    else if (name === undefined) issue.addIssue(`invalid redact field "${field}": body, headers, or header[Name]`);
    else if (headers !== true) headers.push(name.toLowerCase());
  }
  return { body, headers };
});

/**
 * The `Upstash-*` headers of one publish, without their prefix; callbacks have the same under a prefix of their own.
 */
export const Settings = z.object({
  method: z
    .string()
    .toUpperCase()
    .pipe(z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"], "invalid method"))
    .optional(),
  delay: duration("delay", year).optional(),
  "not-before": count("not before", 99_999_999_999).optional(),
  retries: count("retries", 1_000).optional(),
  "retry-delay": expression.optional(),
  timeout: timeout.optional(),
  callback: destination.optional(),
  "failure-callback": destination.optional(),
  "deduplication-id": key("deduplication id", 1_024).optional(),
  "content-based-deduplication": flag("content based deduplication").optional(),
  label: labels.optional(),
  "flow-control-key": key("flow control key", 512).optional(),
  "flow-control-value": z.string().optional(),
  "schedule-id": z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,512}$/, "invalid schedule id: only letters, digits, hyphens, periods and underscores")
    .optional(),
  "queue-name": key("queue name", 256).optional(),
  cron: z.string().optional(),
  "header-forward": flag("header forward").optional(),
  "redact-fields": redaction.optional(),
});

export type Settings = z.infer<typeof Settings>;
