// What the API says of members, their files and segments; each file declares its part on the builder when it is
// imported.
import "./member.ts";
import "./find-members.ts";
import "./import.ts";
import "./segment.ts";
import "./estimate.ts";
import type { Room } from "../room.ts";
import { createImportUpload } from "./import-upload.ts";

export const memberRoom: Room = { files: { imports: createImportUpload } };
