import { z } from "zod";
import { defineMessage } from "../queue/message.ts";

/** Look whose hour of a policy has come, mark them, and launch the campaign that tells them. `at`: as planned (ms). */
export const lifecycleLook = defineMessage(
  "lifecycle-look",
  z.object({ policy: z.int().positive(), at: z.int().nonnegative() }),
  ({ policy, at }) => `lifecycle/${policy}/${at}`,
);
