import { z } from "zod";
import { defineMessage } from "../queue/message.ts";

/** Look for work that has fallen between the chairs, and for what is due. Comes every minute. */
export const sweep = defineMessage("sweep", z.object({}), () => "sweep");
