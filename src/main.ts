import { fail } from "./cli/failure.ts";
import { serve } from "./cli/serve.ts";

await serve(Bun.argv.slice(2)).catch(fail);
