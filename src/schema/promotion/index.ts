// What the API says of promotions; it declares its part on the builder when it is imported.
import "./promotion.ts";
import "./announcement.ts";
import "./review.ts";
import type { Room } from "../room.ts";
import { promotionExamples } from "./examples.ts";

export const promotionRoom: Room = { examples: promotionExamples };
