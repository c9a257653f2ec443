import type { Room } from "../room.ts";

export const distributionRoom: Room = {};
