import { InputValidationError } from "@pothos/plugin-validation";
import type { Issue } from "../../errors.ts";

/** The faults of arguments as issues, their paths starting inside `input`. */
export function issuesOf(error: Error): Issue[] {
  if (!(error instanceof InputValidationError)) return [{ path: "", message: error.message }];
  return error.issues.map(({ path = [], message }) => {
    const keys = path.map((step) => String(typeof step === "object" ? step.key : step));
    return { path: (keys[0] === "input" ? keys.slice(1) : keys).join("."), message };
  });
}
