import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Splits each write to the disk into steps (opened, half of the bytes, all of them, flushed, renamed) and kills the process at
 * the step whose number is in DIE_AT.
 */
const { openSync, writeSync, fsyncSync, renameSync } = fs;
const dieAt = Number(process.env.DIE_AT);
let steps = 0;

function step<T>(done: T): T {
  steps += 1;
  if (steps === dieAt) process.kill(process.pid, 'SIGKILL');
  return done;
}

fs.openSync = (...args) => step(openSync(...args));
fs.writeSync = ((file: number, bytes: Uint8Array, from: number) =>
  step(writeSync(file, bytes, from, from === 0 ? Math.ceil(bytes.length / 2) : null))) as typeof writeSync;
fs.fsyncSync = (file) => step(fsyncSync(file));
fs.renameSync = (from, to) => step(renameSync(from, to));
syncBuiltinESMExports();
