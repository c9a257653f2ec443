// What the API says of carts and orders; it declares its part on the builder when it is imported.
import "./checkout.ts";
import "./order-list.ts";
import "./order-reward-type.ts";
import type { Room } from "../room.ts";
import { deskExamples } from "./examples.ts";

export const checkoutRoom: Room = { examples: deskExamples };
