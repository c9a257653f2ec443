import { expect, test } from "bun:test";
import { isArriving, readText } from "../../src/web/body.ts";
import { realWorld } from "../../src/world.ts";

const limits = { maxBytes: 8, withinMs: 30, timers: realWorld.timers };

/** What a server makes of the body of a request that arrives as these parts; a part more only after it was answered. */
async function bodyOf(headers: string, ...parts: string[]) {
  const read = Promise.withResolvers<unknown>();
  let wasArriving: boolean | undefined;
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const body = readText(request, limits);
      wasArriving = isArriving(request);
      read.resolve(await body.catch((fault: Error) => fault));
      expect(isArriving(request)).toBe(false);
      return new Response();
    },
  });
  const socket = await Bun.connect({ hostname: "127.0.0.1", port: server.port ?? 0, socket: { data() {} } });
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${parts.join("")}`);
  const result = await read.promise;
  socket.end();
  return { result, wasArriving };
}

test("a body is read as text, whether its length is announced or not", async () => {
  expect(await bodyOf("Content-Length: 6", "añ 12")).toMatchObject({ result: { text: "añ 12" } });
  expect(await bodyOf("Transfer-Encoding: chunked", '5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n')).toMatchObject({
    result: { text: '{"a":1}' },
  });
  expect(await bodyOf("Content-Length: 0")).toMatchObject({ result: { text: "" } });
  expect(await bodyOf("X-Nothing: 1")).toMatchObject({ result: { text: "" } });
});

test("a body that is longer than it may be is not read, or not further", async () => {
  expect(await bodyOf("Content-Length: 9")).toEqual({ result: "too long", wasArriving: false });
  expect(await bodyOf("Transfer-Encoding: chunked", "9\r\n123456789\r\n")).toMatchObject({ result: "too long" });
});

test("a body that does not come in time is given up", async () => {
  expect(await bodyOf("Content-Length: 6", "{")).toEqual({ result: "too slow", wasArriving: true });
  expect(await bodyOf("Transfer-Encoding: chunked", "1\r\n{\r\n")).toEqual({ result: "too slow", wasArriving: true });
});
