import "./real.ts"; // before anything is put in its place
import type { Chance } from "./chance.ts";
import type { Engine } from "./engine.ts";
import { directories, file } from "./files.ts";
import type { Network, ServeOptions } from "./network.ts";

/** What the code under simulation takes for the machine that it runs on. */
export interface Machine {
  readonly engine: Engine;
  readonly network: Network;
  readonly chance: Chance;
  /** Epoch ms: the engine's time, and what is wrong with the clock. */
  clock(): number;
}

let machine: Machine | undefined;

/** From now on all time, chance, timers and network of this JavaScript are this machine's. */
export function runOn(next: Machine): void {
  machine = next;
}

function now(): Machine {
  if (!machine) throw new Error("no simulation is running");
  return machine;
}

const engine = () => now().engine;
const RealDate = Date;
const realNow = Date.now;

class Timeout {
  #alarm;
  readonly #again: () => void;
  constructor(
    readonly ms: number,
    readonly run: () => void,
    readonly isRepeated: boolean,
  ) {
    this.#again = () => {
      if (this.isRepeated) this.refresh();
      this.run();
    };
    this.#alarm = engine().after(ms, this.#again);
  }
  refresh(): this {
    this.#alarm.isOff = true;
    this.#alarm = engine().after(this.isRepeated ? Math.max(1, this.ms) : this.ms, this.#again);
    return this;
  }
  close(): void {
    this.#alarm.isOff = true;
  }
  ref = () => this;
  unref = () => this;
  hasRef = () => true;
  [Symbol.toPrimitive] = () => 0;
  [Symbol.dispose] = () => this.close();
}

const clear = (timeout: unknown) => {
  if (timeout instanceof Timeout) timeout.close();
};

type Run = (...args: unknown[]) => void;
const timers = {
  setTimeout: (run: Run, ms = 0, ...args: unknown[]) => new Timeout(Number(ms), () => run(...args), false),
  setInterval: (run: Run, ms = 1, ...args: unknown[]) => new Timeout(Number(ms), () => run(...args), true),
  setImmediate: (run: Run, ...args: unknown[]) => new Timeout(0, () => run(...args), false),
  clearTimeout: clear,
  clearInterval: clear,
  clearImmediate: clear,
};

const VirtualDate: DateConstructor = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [clock()] : args, newTarget === VirtualDate ? target : newTarget),
  apply: () => new RealDate(clock()).toString(),
  get: (target, key) => (key === "now" ? clock : Reflect.get(target, key)),
});

function clock(): number {
  return machine ? machine.clock() : realNow();
}

function abortAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  const error = new DOMException("The operation timed out.", "TimeoutError");
  engine().after(ms, () => controller.abort(error));
  return controller.signal;
}

/** 74 random bits behind 48 of the time, as RFC 9562 has it. */
function uuid(): string {
  const { chance } = now();
  const time = Math.floor(clock()).toString(16).padStart(12, "0");
  const variant = "89ab"[chance.between(0, 3)];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${chance.hex(3)}-${variant}${chance.hex(3)}-${chance.hex(12)}`;
}

function randomBytes<Bytes extends ArrayBufferView>(bytes: Bytes): Bytes {
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let n = 0; n < view.length; n++) view[n] = now().chance.between(0, 255);
  return bytes;
}

/** Web cryptography works on threads of its own: one call at a time, so that their answers have one order. */
function inTurn(subtle: SubtleCrypto): void {
  for (const name of ["sign", "verify", "digest", "importKey", "generateKey", "exportKey", "encrypt", "decrypt"]) {
    const real = Reflect.get(subtle, name).bind(subtle);
    const call = (...args: unknown[]) => (machine ? engine().native(() => real(...args)) : real(...args));
    Object.defineProperty(subtle, name, { value: call, configurable: true });
  }
}

/**
 * Takes the place of everything by which JavaScript can tell one run from another: to be imported before the product
 * is. It cannot be taken back; a simulation is a process of its own.
 */
function install(): void {
  const fetch = (input: RequestInfo, init?: RequestInit) => now().network.fetch(input, init);
  const serve = (options: ServeOptions) => now().network.serve(options);
  // Like cryptography it works on a thread of its own.
  const compress = Bun.zstdCompress;
  const zstdCompress = (...args: Parameters<typeof compress>) => engine().native(() => compress(...args));
  // In virtual time.
  const sleep = (ms: number) => new Promise<void>((resolve) => void timers.setTimeout(() => resolve(), ms));
  replace(globalThis, { ...timers, fetch });
  replace(AbortSignal, { timeout: abortAfter });
  replace(crypto, { randomUUID: uuid, getRandomValues: randomBytes });
  replace(Math, { random: () => now().chance.share() });
  replace(Bun, { serve, sleep, randomUUIDv7: uuid, zstdCompress, file });
  // Whoever imports it later is given these: it must not have been imported before.
  replace(process.getBuiltinModule("node:fs/promises"), directories);
  replace(performance, { now: () => engine().elapsed });
  Object.defineProperty(globalThis, "Date", { value: VirtualDate, configurable: true, writable: true });
  inTurn(crypto.subtle);
}

type Call = (...args: never[]) => unknown;

/** While no simulation runs, each is what it was. */
function replace(owner: object, by: Readonly<Record<string, Call>>): void {
  for (const [name, virtual] of Object.entries(by)) {
    const real: Call = Reflect.get(owner, name).bind(owner);
    const value = (...args: never[]) => (machine ? virtual : real)(...args);
    if (!Reflect.set(owner, name, value)) Object.defineProperty(owner, name, { value, configurable: true });
  }
}

install();
