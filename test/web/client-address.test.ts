import { expect, test } from "bun:test";
import { addressKey, clientAddress } from "../../src/web/client-address.ts";

const keys: [address: string, key: string | undefined][] = [
  ["203.0.113.7", "203.0.113.7"],
  [" 203.0.113.7:51234 ", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["[2001:db8:0:1:2:3:4:5]:443", "2001:db8:0:1::/64"],
  ["2001:DB8::1:0:0:1", "2001:db8:0:0::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["unknown", undefined],
  ["999.1.1.1", undefined],
  ["", undefined],
];
for (const [address, key] of keys) {
  test(`${JSON.stringify(address)} counts as ${key ?? "no address"}`, () => {
    expect(addressKey(address)).toBe(key);
  });
}

const asked = (forwarded?: string) =>
  new Request("http://a.test/", forwarded === undefined ? {} : { headers: { "x-forwarded-for": forwarded } });
const server = { requestIP: () => ({ address: "127.0.0.1" }) } as unknown as Bun.Server<unknown>;

test("a trusted proxy names the caller by its last entry; what is no address counts as the proxy", () => {
  const addressOf = clientAddress(true, () => {});
  expect(addressOf(asked("6.6.6.6, 203.0.113.7"), server)).toBe("203.0.113.7");
  expect(addressOf(asked("6.6.6.6, nonsense"), server)).toBe("127.0.0.1");
  expect(addressOf(asked(), server)).toBe("127.0.0.1");
});

test("a proxy that is not trusted is not believed, and the log is told once what that means", () => {
  const lines: unknown[] = [];
  const addressOf = clientAddress(false, (level, event, fields) => lines.push([level, event, fields]));
  for (let i = 0; i < 3; i++) expect(addressOf(asked("203.0.113.7"), server)).toBe("127.0.0.1");
  expect(lines).toEqual([["warn", "proxy.untrusted", { line: expect.stringContaining("TRUST_PROXY=true") }]]);
});
