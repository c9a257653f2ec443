import { expect, test } from "bun:test";
import { domains } from "../../src/domains.ts";
import { globalId } from "../../src/ids.ts";
import { bodyToPost } from "../../src/webhook/body.ts";

const posted = (type: string, data: object) =>
  JSON.parse(bodyToPost({ domains }, { type, body: JSON.stringify({ type, version: 1, timestamp: "then", data }) }));

test("rows that an event names are posted as their global ids, under the name of their field", () => {
  expect(
    posted("coupon.sold_out", { template: 7, recurringTemplate: null, issued: 3, stock: 3, budget: null }),
  ).toEqual({
    type: "coupon.sold_out",
    version: 1,
    timestamp: "then",
    data: { templateId: globalId("CouponTemplate", 7), recurringTemplateId: null, issued: 3, stock: 3, budget: null },
  });
});

test("members are named by their public id; tests, and what nobody knows any more, are posted as they are", () => {
  for (const type of ["member.unsubscribed", "webhook.test", "long.gone"]) {
    expect(posted(type, { member: "m_1", run: 4 }).data).toEqual({ member: "m_1", run: 4 });
  }
});
