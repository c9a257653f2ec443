import { z } from "zod";
import { defineSettings } from "../settings-slice.ts";

const count = z.coerce.number().int().positive();

/** What an installation sets of its machinery. */
export const operationsSettings = defineSettings(
  "operations",
  { SANDBOX_DAYS: count.default(30), SANDBOX_MAX: count.default(100_000) },
  ({ SANDBOX_DAYS, SANDBOX_MAX }, { production, allowed }) => ({
    /** Whether operators may play with the sandbox: everywhere but in a production that does not name it. */
    sandboxAllowed: !production || allowed.includes("sandbox"),
    /** How long its deliveries are kept, in milliseconds, and how many of them at most. */
    sandboxKeepMs: SANDBOX_DAYS * 24 * 3_600_000,
    sandboxMax: SANDBOX_MAX,
  }),
);
