// What the API says of distributions; each file declares its part on the builder when it is imported.
import "./distribution.ts";
import "./left-out.ts";
import "./report-url.ts";
import "./rows-of-member.ts";
import "./upload-address.ts";
import "./why.ts";
import type { Room } from "../room.ts";
import { distributionExamples } from "./examples.ts";
import { createDistributionFiles } from "./files.ts";

export const distributionRoom: Room = {
  examples: distributionExamples,
  files: { distributions: createDistributionFiles },
};
