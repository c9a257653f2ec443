/**
 * By how much (ms, whole seconds) what is planned for a time comes later: between nothing and so many seconds, the same
 * whenever it is asked, and another for each key and time.
 */
export function jitterOf(key: string, planned: number, jitterSeconds: number): number {
  const hash = new Bun.CryptoHasher("sha256").update(`${key}/${planned}`).digest();
  return (hash.readUInt32BE(0) % (jitterSeconds + 1)) * 1_000;
}
