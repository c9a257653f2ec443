import { flowLane, queueLane } from "../../lane-key.ts";
import type { Store } from "../../store/store.ts";
import type { Lane } from "./lane.ts";
import { LimitedLane } from "./limited-lane.ts";
import { QueueLane } from "./queue-lane.ts";

/** The lane of a key, as {@link flowLane} and its like make them. */
export function openLane(store: Store, key: string): Lane {
  const queue = queueLane("");
  if (key.startsWith(queue)) return new QueueLane(store, key.slice(queue.length));
  const flow = flowLane("");
  return new LimitedLane(store, key, key.startsWith(flow) ? key.slice(flow.length) : undefined);
}
