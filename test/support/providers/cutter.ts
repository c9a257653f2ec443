import { createServer } from "node:net";

/** A server that reads each request and cuts the connection instead of answering. */
export async function startCutter(): Promise<{ readonly url: string; requests(): number; stop(): void }> {
  let requests = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      requests += 1;
      socket.destroy();
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}`, requests: () => requests, stop: () => server.close() };
}
