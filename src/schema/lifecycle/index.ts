// What the API says of lifecycle pushes; each file declares its part on the builder when it is imported.
import "./lifecycle.ts";
import type { Room } from "../room.ts";
import { lifecycleExamples } from "./examples.ts";

export const lifecycleRoom: Room = { examples: lifecycleExamples };
