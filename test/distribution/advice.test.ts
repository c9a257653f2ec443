import { afterAll, expect, test } from "bun:test";
import { adviceOn } from "../../src/distribution/advice.ts";
import { addTemplate } from "../support/coupons.ts";
import { checked } from "../support/distributions.ts";
import { bytesIn } from "../support/encoded.ts";
import { closeLedgers, openLedger } from "../support/light.ts";

afterAll(closeLedgers);

test("what would mend most of a file is said, and nothing where its rows alone are wrong", async () => {
  const { ctx, members } = await openLedger();
  await members(4);
  const { id: template } = await addTemplate(ctx, { issueMode: "SYSTEM" });
  const advice = async (content: string | Uint8Array<ArrayBuffer>, names = {}) =>
    adviceOn(ctx, await checked(ctx, content, { template, names }));
  expect(await advice("externalId\nx1\nx2\nx7\n")).toEqual([]);
  expect(await advice("Name,Handy\nKim,+4915110000001\n")).toEqual([
    'The heading "Handy" may mean phone: map it so (heading=Handy=phone), and upload again.',
  ]);
  expect(await advice("Name,Ort\nKim,Ulm\n")).toEqual([
    "No heading is publicId, externalId, phone, email: map the one that names members to one of these, and " +
      "upload again.",
  ]);
  expect(await advice("member id,x\nu1@shop.test,1\nu2@shop.test,2\n")).toEqual([
    'Most rows name nobody, and column "member id" looks like e-mail addresses: map it so (heading=member id=email), ' +
      "and upload again.",
  ]);
  expect(await advice("user id,Kontakt\n7,+4915110000001\n8,+4915110000002\n")).toEqual([
    'Most rows name nobody, and column "Kontakt" looks like phone numbers: map it so (heading=Kontakt=phone), leave ' +
      '"user id" out (heading=user id=-), and upload again.',
  ]);
  expect(await advice("user id\nx1\nx2\n1.38E+10\n")).toEqual([
    'A spreadsheet rounded ids or phone numbers (row 4, column "user id": 1.38E+10): take them from where they came ' +
      "from, as text.",
  ]);
  expect(await advice(bytesIn("gb18030", "会员号,姓名\nx1,王伟\nx2,上海\n"))).toEqual([
    'The file was taken for gb18030: if "会员号" looks wrong, upload it again and say its encoding.',
  ]);
  expect(await advice("externalId,city\nx1,K\uFFFDln\nx9,K\uFFFDln\n")).toEqual([
    "Some letters are damaged (\uFFFD): export the file again, as UTF-8 or XLSX.",
  ]);
});
