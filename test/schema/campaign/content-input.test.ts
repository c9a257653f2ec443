import { expect, test } from "bun:test";
import { contentOf } from "../../../src/schema/campaign/campaign-input.ts";

test("content for pt-br is content for pt-BR, and what is said twice is said by the later", () => {
  const inApp = (title: string) => ({ inApp: { title, body: "Oi" } });
  const content = contentOf([
    { locale: "pt-br", parts: inApp("primeiro") },
    { locale: "pt_BR", parts: inApp("segundo") },
    { parts: inApp("first") },
  ]);
  expect(content).toEqual({
    IN_APP: { "pt-BR": { title: "segundo", body: "Oi" }, default: { title: "first", body: "Oi" } },
  });
});
