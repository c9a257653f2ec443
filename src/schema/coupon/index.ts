// What the API says of coupons; each file declares its part on the builder when it is imported.
import "./coupon.ts";
import "./template.ts";
import "./template-simulation.ts";
import "./wallet.ts";
import "./code-pool.ts";
import "./redeem-code.ts";
