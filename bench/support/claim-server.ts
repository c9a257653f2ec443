import { startApp } from "../../src/app.ts";
import { readEnv } from "../../src/env.ts";
import { secret } from "./claim-rig.ts";

// The shop of the claim bench, as `fanfare serve` runs it: bun claim-server.ts <data directory>; prints its address.
const [, , dataDir = ""] = process.argv;
const app = await startApp(
  readEnv({ DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "silent", TRUST_PROXY: "1", MEMBER_JWT_SECRET: secret }),
);
process.on("SIGTERM", () => app.stop().then(() => process.exit(0)));
console.log(app.url);
