import { defineSettings } from "../settings-slice.ts";

/** Whether operators may play with the sandbox: everywhere but in a production that does not name it. */
export const operationsSettings = defineSettings("operations", {}, (_values, { production, allowed }) => ({
  sandboxAllowed: !production || allowed.includes("sandbox"),
}));
