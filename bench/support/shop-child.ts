import { startApp } from "../../src/app.ts";
import { readEnv } from "../../src/env.ts";
import { secret } from "./requests.ts";

// The shop of a bench, as `fanfare serve` runs it: bun shop-child.ts <data directory> [further settings as JSON]; it
// prints its address.
const [, , dataDir = "", settings = "{}"] = process.argv;
const usual = { DATA_DIR: dataDir, PORT: "0", LOG_LEVEL: "silent", TRUST_PROXY: "1", MEMBER_JWT_SECRET: secret };
const app = await startApp(readEnv({ ...usual, ...JSON.parse(settings) }));
process.on("SIGTERM", () => app.stop().then(() => process.exit(0)));
console.log(app.url);
