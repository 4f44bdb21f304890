import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Problem } from '../../../sync/errors/problem.ts';

/** The clocks that the store uses. */
export interface Clock {
  /** Wall clock, ms since 1970: what the kiosk claims. */
  now(): number;
  /** Monotonic time since this boot, ms with fractions. */
  monotonic(): number;
  /** Changes with each boot of the machine. */
  readonly bootId: string;
  /** Trusted time minus claimed time, whole ms; 0 if nothing better is known. */
  offset(): number;
}

/** The machine's own clocks. Trusted time comes from retention/ once it runs: Store.useTrustedTime. */
export function systemClock(): Clock {
  const boot = linuxBootId();
  // On Linux hrtime is CLOCK_MONOTONIC, which counts from boot; performance.now() is the same clock, ten times cheaper to read.
  // On other systems each process counts as its own boot.
  const origin = boot ? Number(process.hrtime.bigint() / 1000n) / 1000 - performance.now() : 0;
  return {
    now: () => Date.now(),
    monotonic: () => origin + performance.now(),
    bootId: boot ?? randomUUID(),
    offset: () => 0,
  };
}

function linuxBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}

/** Parses an RFC 3339 instant to ms since 1970. @throws Problem `time-malformed` */
export function instant(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Problem('time-malformed', { text });
  return ms;
}
