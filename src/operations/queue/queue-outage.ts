import { QstashError } from "@upstash/qstash";

/**
 * Why the queue could not be asked, in words, if that is what an error of a verb of these tells; nothing for any other.
 */
export function whyAway(error: unknown): string | undefined {
  if (error instanceof QstashError) {
    const { status = 500, message } = error;
    if (status === 401 || status === 403) return "it does not accept our token";
    return status === 429 || status >= 500 ? message : undefined;
  }
  const isOfConnection = error instanceof TypeError && "code" in error;
  const isLate = error instanceof Error && error.name === "TimeoutError";
  return isOfConnection || isLate ? error.message : undefined;
}
