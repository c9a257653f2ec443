import type { Room } from "../room.ts";
import { createDistributionReport } from "./report.ts";

export const distributionRoom: Room = {
  files: { distributions: createDistributionReport },
};
