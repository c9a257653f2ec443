// What the API says of coupons; each file declares its part on the builder when it is imported.
import "./refusals.ts";
import "./coupon.ts";
import "./template.ts";
import "./template-approval.ts";
import "./template-simulation.ts";
import "./wallet.ts";
import "./code-pool.ts";
import "./redeem-code.ts";
import { newestTemplate } from "../../coupon/template/template.ts";
import type { Room } from "../room.ts";
import { createCodeFiles } from "./code-files.ts";
import { couponExamples } from "./examples.ts";

export const couponRoom: Room = {
  examples: couponExamples,
  newest: { CouponTemplate: newestTemplate },
  files: { "code-pools": createCodeFiles },
};
