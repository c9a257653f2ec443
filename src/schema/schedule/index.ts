// What the API says of schedules; it declares its part on the builder when it is imported.
import "./schedule.ts";
import type { Room } from "../room.ts";
import { scheduleExamples } from "./examples.ts";

export const scheduleRoom: Room = { examples: scheduleExamples };
