// What the API says of campaigns and their runs; each file declares its part on the builder when it is imported.
import "./refusals.ts";
import "./campaign.ts";
import "./run.ts";
import "./simulation.ts";
import "./why.ts";
import "./preview.ts";
import "./caps.ts";
import "./notice.ts";
import "./inbox.ts";
import "./member-inbox.ts";
import "./send.ts";
import "./popup.ts";
import type { Room } from "../room.ts";
import { campaignExamples } from "./examples.ts";

export const campaignRoom: Room = { examples: campaignExamples };
