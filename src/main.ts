import { fail } from "./cli/failure.ts";
import { serve } from "./cli/serve.ts";

await serve().catch(fail);
