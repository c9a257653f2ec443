import { GraphQLError } from "graphql";
import { whyAway } from "../../operations/queue/queue-outage.ts";

/**
 * What the queue was asked for. One that is away is the operator's to mend, so the error says why: QUEUE_UNAVAILABLE.
 */
export async function fromQueue<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const why = whyAway(error);
    if (why === undefined) throw error;
    const away = `The queue does not answer: ${why}.`;
    const message = `${away} Bring it back and ask again; \`queueStatus\` tells what waits for it.`;
    throw new GraphQLError(message, { extensions: { code: "QUEUE_UNAVAILABLE", http: { status: 503 } } });
  }
}
