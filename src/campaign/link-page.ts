import type { Context } from "../context.ts";

export async function followLink(_ctx: Context, _token: string): Promise<Response> {
  return Response.json({ error: "not found" }, { status: 404 });
}

export async function unsubscribePage(_ctx: Context, _token: string, _request: Request): Promise<Response> {
  return Response.json({ error: "not found" }, { status: 404 });
}
