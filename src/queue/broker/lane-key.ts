/** The lane of a message: everything in it shares one set of limits. */
export function laneOf(url: string, flowKey: string | undefined, queue: string | undefined): string {
  if (queue !== undefined) return queueLane(queue);
  return flowKey === undefined ? new URL(url).origin : flowLane(flowKey);
}

/** The lane of a flow-control key. */
export function flowLane(key: string): string {
  return `flow:${key}`;
}

/** The lane of a named queue. */
export function queueLane(name: string): string {
  return `queue:${name}`;
}
