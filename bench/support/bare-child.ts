// The limit of a request: a handler that does nothing: bun bare-child.ts; prints its address.
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () => Response.json({ data: { __typename: "Query" } }),
});
process.on("SIGTERM", () => process.exit(0));
console.log(`http://127.0.0.1:${server.port}`);
