import { z } from "zod";

/** The part of a remote server's answers that is looked at here; what else there is passes as it came. */
const Answer = z.looseObject({
  results: z.array(
    z.looseObject({
      response: z
        .looseObject({ result: z.looseObject({ step_errors: z.array(z.unknown()).optional() }).optional() })
        .optional(),
    }),
  ),
});

/**
 * Fetches for the client of a remote database. A server that took a lock away in the middle of a batch reports a fault
 * for every statement that was left; the client hears the first and leaves the others to nobody, and a rejection that
 * nobody handles ends the process. So it is told of the first alone.
 */
export async function fetchAnswer(request: Request): Promise<Response> {
  const response = await fetch(request);
  const json = async () => onlyFirstFaults(await Response.prototype.json.call(response));
  return Object.assign(response, { json });
}

/** The answer with each batch's first fault; those after it are of statements that were not run. */
export function onlyFirstFaults(answer: unknown): unknown {
  const { success, data } = Answer.safeParse(answer);
  if (!success) return answer;
  for (const { response } of data.results) {
    const faults = response?.result?.step_errors;
    const first = faults?.findIndex((fault) => fault !== null) ?? -1;
    if (faults && first >= 0) faults.fill(null, first + 1);
  }
  return data;
}
