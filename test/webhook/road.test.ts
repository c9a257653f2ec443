import { afterAll, expect, test } from "bun:test";
import { noAnswer, postSigned, type SignedPost } from "../../src/channels/signed-post.ts";
import { isOutside } from "../../src/webhook/outside.ts";
import { checkedRoads, roadTo } from "../../src/webhook/road.ts";
import { newSecret } from "../../src/webhook/secret.ts";

const name = "hooks.shop.example";
const fixture = (file: string) => Bun.file(`${import.meta.dir}/../fixtures/tls/${file}`).text();
const cert = await fixture(`${name}.pem`);
const hosts: (string | null)[] = [];
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  tls: { cert, key: await fixture(`${name}.key.pem`) },
  fetch: ({ headers }) => {
    hosts.push(headers.get("host"));
    return new Response();
  },
});
afterAll(() => server.stop(true));

const url = `https://${name}:${server.port}/hook`;
const outside = "93.184.215.14";

/** A resolver that answers so, one answer after the other, the last one for ever. */
function resolver(...answers: readonly (readonly string[])[]) {
  const asked: string[] = [];
  const lookUp = async (of: string) => answers[Math.min(asked.push(of), answers.length) - 1] ?? [];
  return { asked, lookUp };
}

const post = (to: string, roads: SignedPost["roads"]) =>
  postSigned({ url: to, message: "msg_1", body: "{}", secrets: [newSecret()], at: Date.now(), roads });

test("nobody is called whose name leads inside, not even by one of several addresses", async () => {
  const inside = [
    "127.0.0.1",
    "10.1.2.3",
    "169.254.169.254",
    "fd00:ec2::254",
    "::1",
    "::ffff:127.0.0.1",
    "fe80::1%eth0",
  ];
  for (const address of inside) {
    const { lookUp, asked } = resolver([outside, address]);
    const { reason, ...told } = await post(url, (to) => checkedRoads(to, lookUp));
    expect([address, told, reason, asked]).toEqual([
      address,
      { status: null, error: noAnswer, answer: null },
      "NOT_OUTSIDE",
      [name],
    ]);
  }
  expect([await checkedRoads(url, resolver([]).lookUp), await checkedRoads("https://127.0.0.1/")]).toEqual([[], []]);
  expect(hosts).toEqual([]);
});

test("the address that was looked at is connected to, though its name leads inside a moment later", async () => {
  const { lookUp, asked } = resolver([outside, "2606:4700::1111"], ["127.0.0.1"]);
  const roads = await checkedRoads(url, lookUp);
  expect(roads.map((road) => road.url)).toEqual([
    `https://${outside}:${server.port}/hook`,
    `https://[2606:4700::1111]:${server.port}/hook`,
  ]);
  expect(new Set(roads.map((road) => `${road.tls?.serverName} ${road.headers?.host}`))).toEqual(
    new Set([`${name} ${name}:${server.port}`]),
  );
  expect(asked).toEqual([name]);
});

test("called by its address, an endpoint is asked for by its name and shows a certificate for that", async () => {
  const to = (whom: string) => async () => {
    const { tls, ...road } = roadTo(new URL(`https://${whom}:${server.port}/`), whom, "127.0.0.1");
    return [
      { ...road, url: "https://127.0.0.1:1/", tls: { ...tls, ca: cert } },
      { ...road, tls: { ...tls, ca: cert } },
    ];
  };
  expect(await post(url, to(name))).toMatchObject({ status: 200, error: null });
  expect(hosts.splice(0)).toEqual([`${name}:${server.port}`]);
  expect(await post(url, to("other.example"))).toMatchObject({
    error: noAnswer,
    reason: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  expect(hosts).toEqual([]);
});

test("the world outside is what no registry keeps for something else", () => {
  const inside =
    "0.0.0.0 127.8.9.1 10.0.0.1 172.31.0.1 192.168.1.1 169.254.169.254 100.100.100.200 192.0.0.192 198.19.0.1 " +
    "224.0.0.1 255.255.255.255 168.63.129.16 :: ::1 ::7f00:1 ::ffff:10.0.0.1 64:ff9b::10.0.0.1 64:ff9b:1::1 " +
    "2002:7f00:1:: 2001::1 2001:db8::1 fc00::1 fe80::1 fec0::1 ff02::1 4000::1 nobody 2130706433x";
  for (const address of inside.split(" ")) expect([address, isOutside(address)]).toEqual([address, false]);
  for (const address of `${outside} 172.32.0.1 2606:4700::1111 64:ff9b::808:808`.split(" ")) {
    expect([address, isOutside(address)]).toEqual([address, true]);
  }
});
