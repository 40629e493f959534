/** Waiting, always with an end to it. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Resolves with the first value other than null; rejects after `limitMs`. */
export async function until<T>(
  what: string,
  limitMs: number,
  look: () => T | null | Promise<T | null>,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await look();
    if (value !== null) return value;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await pause(10);
  }
}

/** Waits until the clock of `performance.now()` shows so much. */
export async function restUntil(atMs: number): Promise<void> {
  const leftMs = atMs - performance.now();
  if (leftMs > 0) await pause(leftMs);
}

/** Resolves when a connection to the port is accepted. */
export async function untilConnected(port: number, limitMs: number): Promise<void> {
  await until(`port ${port}`, limitMs, () => {
    const { promise, resolve } = Promise.withResolvers<true | null>();
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(null));
    return promise.finally(() => socket.destroy());
  });
}
