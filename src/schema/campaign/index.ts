// What the API says of campaigns and their runs; each file declares its part on the builder when it is imported.
import "./campaign.ts";
import "./run.ts";
import "./simulation.ts";
import "./why.ts";
import "./preview.ts";
import "./caps.ts";
import "./inbox.ts";
import "./popup.ts";
import "./notice.ts";
