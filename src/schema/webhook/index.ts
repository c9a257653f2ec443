// What the API says of webhooks; it declares its part on the builder when it is imported.
import "./webhook.ts";
import type { Room } from "../room.ts";
import { webhookExamples } from "./examples.ts";

export const webhookRoom: Room = { examples: webhookExamples };
