import { expect, test } from "bun:test";
import { imports } from "./source.ts";

type Graph = Map<string, Set<string>>;

function add(graph: Graph, from: string, to: string): void {
  graph.set(from, (graph.get(from) ?? new Set()).add(to));
}

/** A way from a node back to it, if there is one: what is found first, each node followed once. */
function circleIn(graph: Graph): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const follow = (node: string): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const circle = follow(next);
      if (circle) return circle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const circle = follow(node);
    if (circle) return circle;
  }
  return undefined;
}

test("no circle of files, types included", () => {
  const graph: Graph = new Map();
  for (const { from, to } of imports) add(graph, from, to);
  expect(circleIn(graph)).toBeUndefined();
});

test("what lies in a folder – files, and folders as a whole – forms no circle, types included", () => {
  const levels = new Map<string, Graph>();
  for (const { from, to } of imports) {
    const [one, other] = [from.split("/"), to.split("/")];
    const depth = one.findIndex((part, i) => part !== other[i]);
    const level = one.slice(0, depth).join("/") || "src";
    const graph: Graph = levels.get(level) ?? new Map();
    levels.set(level, graph);
    if (depth >= 0) add(graph, one[depth] ?? "", other[depth] ?? "");
  }
  const circles = [...levels].flatMap(([level, graph]) => {
    const circle = circleIn(graph);
    return circle ? [`${level}: ${circle.join(" → ")}`] : [];
  });
  expect(circles).toEqual([]);
});
