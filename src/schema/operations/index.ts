// What operators see of the machinery, and do to it; each file declares its part on the builder when it is imported.
import "./viewer.ts";
import "./token.ts";
import "./operator.ts";
import "./audit.ts";
import "./queue-status.ts";
import "./queue-flow.ts";
import "./queue-message.ts";
import "./dead-letter.ts";
import "./sandbox.ts";
import "./shop-figures.ts";
import type { Room } from "../room.ts";
import { createAuditFile } from "./audit-file.ts";
import { operationsExamples } from "./examples.ts";

export const operationsRoom: Room = { examples: operationsExamples, files: { audit: createAuditFile } };
