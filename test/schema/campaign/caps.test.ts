import { afterAll, beforeAll, expect, test } from "bun:test";
import { hire, type Operator } from "../../support/operators.ts";
import { closeShops, openShop } from "../../support/shop.ts";

let [ada, vic]: Operator[] = [];
beforeAll(async () => {
  const shop = await openShop();
  [ada, vic] = await Promise.all([hire(shop, "Ada", "admin"), hire(shop, "Vic", "viewer")]);
});
afterAll(closeShops);

const fields = "channel perDay perWeek quietFrom quietTo";
const set = (input: object, by = ada) => by!.does("setCapsPolicy", input, fields);
const policies = async () => (await vic!.get(`{ capsPolicies { ${fields} } }`)).capsPolicies;
const none = { channel: null, perDay: null, perWeek: null, quietFrom: null, quietTo: null };

test("an admin sets the caps and quiet hours of a channel or of all, whole, and takes them away", async () => {
  expect(await policies()).toEqual([]);
  const sms = { ...none, channel: "SMS", perDay: 1, perWeek: 3, quietFrom: 1_320, quietTo: 480 };
  expect(await set({ channel: "SMS", perDay: 1, perWeek: 3, quietFrom: 1_320, quietTo: 480 })).toEqual({
    __typename: "CapsPolicy",
    ...sms,
  });
  expect(await set({ perWeek: 10 })).toMatchObject({ channel: null, perWeek: 10 });
  expect(await policies()).toEqual([{ ...none, perWeek: 10 }, sms]);
  await set({ channel: "SMS", perDay: 2 });
  expect(await policies()).toEqual([
    { ...none, perWeek: 10 },
    { ...none, channel: "SMS", perDay: 2 },
  ]);
  await set({ channel: "SMS" });
  await set({});
  expect(await policies()).toEqual([]);
});

test("faulty policies are refused with their place, and set nothing", async () => {
  const paths = async (input: object) => (await set(input)).issues?.map(({ path }: { path: string }) => path);
  expect(await paths({ perDay: 0 })).toEqual(["perDay"]);
  expect(await paths({ perDay: 5, perWeek: 4 })).toEqual(["perDay"]);
  expect(await paths({ perWeek: 1_001 })).toEqual(["perWeek"]);
  expect(await paths({ quietFrom: 1_320 })).toEqual(["quietTo"]);
  expect(await paths({ quietFrom: -1, quietTo: 1_441 })).toEqual(["quietFrom", "quietTo"]);
  expect(await paths({ quietFrom: 0, quietTo: 1_440 })).toEqual(["quietTo"]);
  expect(await paths({ channel: "IN_APP", quietFrom: 1_320, quietTo: 480 })).toEqual(["quietFrom"]);
  expect(await policies()).toEqual([]);
});

test("only admins set policies", async () => {
  expect(await set({ perDay: 1 }, vic)).toMatchObject({ __typename: "Forbidden" });
});
