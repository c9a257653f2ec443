import { type Issue, refuse } from "../../errors.ts";
import { builder } from "./builder.ts";
import { refusalType } from "./refusal-type.ts";

export const IssueType = builder.objectRef<Issue>("Issue").implement({
  description: "One fault of an input.",
  authScopes: { public: true },
  fields: (t) => ({
    path: t.exposeString("path", {
      description:
        "Where: a path into the input such as `filter.and.1.level`, with line:column for templates; " +
        "empty for the whole input.",
    }),
    message: t.exposeString("message", { description: "What is wrong there." }),
  }),
});

refusalType("NotFound", refuse.notFound, {
  code: "NOT_FOUND",
  description: "What was named does not exist.",
});

refusalType("InvalidInput", refuse.invalid, {
  code: "INVALID_INPUT",
  description: "The input has faults; each is named with its place.",
  fields: (t) => ({
    issues: t.expose("issues", { type: [IssueType], description: "Every fault that was found." }),
  }),
});

refusalType("Conflict", refuse.conflict, {
  code: "CONFLICT",
  description: "It contradicts what is already there, e.g. an idempotency key used with other input.",
});

refusalType("WrongState", refuse.wrongState, {
  code: "WRONG_STATE",
  description: "Not possible in the state that it is in now.",
  fields: (t) => ({ currentState: t.exposeString("currentState", { description: "The state it is in." }) }),
});

refusalType("NeedsApproval", refuse.needsApproval, {
  code: "NEEDS_APPROVAL",
  description: "A second person must approve it first.",
  fields: (t) => ({
    limit: t.exposeInt("limit", {
      nullable: true,
      description: "Up to how many members a campaign needs no approval; null for what is no campaign.",
    }),
  }),
});

refusalType("Forbidden", refuse.forbidden, {
  code: "FORBIDDEN",
  description: "Your token does not allow it.",
});

refusalType("RateLimited", refuse.rateLimited, {
  code: "RATE_LIMITED",
  description: "Too often; wait and try again.",
  fields: (t) => ({
    retryAfterSeconds: t.exposeInt("retryAfterSeconds", { description: "How long to wait, in seconds." }),
  }),
});

refusalType("TooCostly", refuse.tooCostly, {
  code: "TOO_COSTLY",
  description: "It would have to read too many members; narrow the filter.",
});
