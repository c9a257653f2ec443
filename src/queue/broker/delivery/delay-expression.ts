const functions: Readonly<Record<string, (...values: number[]) => number>> = {
  pow: Math.pow,
  sqrt: Math.sqrt,
  abs: Math.abs,
  exp: Math.exp,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  min: Math.min,
  max: Math.max,
};
const token = /\s*(\d+(?:\.\d+)?|[a-z]+|[-+*/%(),])/giy;

/**
 * Value in ms of an `Upstash-Retry-Delay` expression, such as `pow(2, retried) * 1000`, or undefined if it is not one.
 * It knows numbers, `retried`, + - * / %, parentheses, and QStash's functions.
 */
export function evaluateDelay(expression: string, retried: number): number | undefined {
  const tokens = tokenize(expression);
  if (tokens === undefined) return undefined;
  const reader = { tokens, at: 0, retried };
  const value = sum(reader);
  return reader.at === tokens.length && Number.isFinite(value) ? value : undefined;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  readonly retried: number;
}

function tokenize(text: string): string[] | undefined {
  // Long or deep expressions help nobody and could exhaust the stack.
  if (text.length > 256) return undefined;
  const found = [...text.trim().matchAll(token)].map(([, part]) => part ?? "");
  const read = found.join("").length;
  return found.length > 0 && read === text.replaceAll(/\s/g, "").length ? found : undefined;
}

function take(reader: Reader, ...wanted: string[]): string | undefined {
  const next = reader.tokens[reader.at];
  if (next === undefined || !wanted.includes(next)) return undefined;
  reader.at += 1;
  return next;
}

function sum(reader: Reader): number {
  let value = product(reader);
  for (let op = take(reader, "+", "-"); op; op = take(reader, "+", "-")) {
    const right = product(reader);
    value = op === "+" ? value + right : value - right;
  }
  return value;
}

function product(reader: Reader): number {
  let value = factor(reader);
  for (let op = take(reader, "*", "/", "%"); op; op = take(reader, "*", "/", "%")) {
    const right = factor(reader);
    value = op === "*" ? value * right : op === "/" ? value / right : value % right;
  }
  return value;
}

function factor(reader: Reader): number {
  if (take(reader, "-")) return -factor(reader);
  if (take(reader, "(")) return closed(reader, sum(reader));
  const word = reader.tokens[reader.at] ?? "";
  reader.at += 1;
  if (/^\d/.test(word)) return Number(word);
  if (word === "retried") return reader.retried;
  const apply = Object.hasOwn(functions, word) ? functions[word] : undefined;
  return apply && take(reader, "(") ? call(reader, apply) : Number.NaN;
}

function call(reader: Reader, apply: (...values: number[]) => number): number {
  const values = [sum(reader)];
  while (take(reader, ",")) values.push(sum(reader));
  return closed(reader, apply(...values));
}

function closed(reader: Reader, value: number): number {
  return take(reader, ")") ? value : Number.NaN;
}
