import { z } from "zod";
import { defineMessage } from "../../queue/message.ts";

/** Expire unused coupons whose time is over. Comes every minute, and again at once while there are more. */
export const couponExpire = defineMessage("coupon-expire", z.object({}), () => "coupon-expire");

/** Remind members of drops that open and of coupons that expire, where the time has come. Comes every minute. */
export const couponNotice = defineMessage("coupon-notice", z.object({}), () => "coupon-notice");
