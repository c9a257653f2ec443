// What the API says of histories; it declares its part on the builder when it is imported.
import "./history.ts";
import type { Room } from "../room.ts";
import { transitionExamples } from "./examples.ts";

export const transitionRoom: Room = { examples: transitionExamples };
