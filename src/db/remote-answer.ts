import type { Client, ResultSet, Row } from "@libsql/client";
import { LibsqlError } from "@libsql/core/api";
import { z } from "zod";
import type { Statement } from "./statement.ts";

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
 * Fetches for the client of a remote database. One that says nothing for so many ms is away: all writes of a process
 * wait for the one that is under way, and would wait as long as a dead connection takes to be noticed. A server that
 * took a lock away in the middle of a batch reports a fault for every statement that was left; the client hears the
 * first and leaves the others to nobody, and a rejection that nobody handles ends the process. So it is told of the
 * first alone.
 */
export async function fetchAnswer(request: Request, ms: number): Promise<Response> {
  const response = await fetch(request, { signal: AbortSignal.timeout(ms) });
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

/**
 * Reads piece by piece, all of one moment, what is too long for one answer of a remote server (10 MB): a page of
 * campaigns with their content, for one.
 */
export async function readInPieces(client: Client, { sql, args }: Statement): Promise<ResultSet> {
  const tx = await client.transaction("read");
  const rows: Row[] = [];
  let [size, growing] = [1, true];
  try {
    for (;;) {
      const place = [BigInt(size), BigInt(rows.length)];
      const piece = await tx
        .execute({ sql: `SELECT * FROM (${sql}\n) LIMIT ? OFFSET ?`, args: [...args, ...place] })
        .catch((error) => {
          if (size === 1 || !isTooLong(error)) throw error;
        });
      rows.push(...(piece?.rows ?? []));
      if (piece && piece.rows.length < size) return Object.assign(piece, { rows });
      growing &&= piece !== undefined;
      size = piece ? size * (growing ? 2 : 1) : size / 2;
    }
  } finally {
    tx.close();
  }
}

/** Whether a remote server has an answer and may not give so much at once. */
export function isTooLong(error: unknown): boolean {
  return error instanceof LibsqlError && error.code === "RESPONSE_TOO_LARGE";
}
