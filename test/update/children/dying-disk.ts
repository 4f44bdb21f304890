import { promises } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * A disk that takes a write in steps (opened, half of the bytes, all of them, flushed, renamed), and a process that is
 * killed at one of them: the one that DIE_AT counts to.
 */
const { open, rename, writeFile, appendFile } = promises;
const dieAt = Number(process.env.DIE_AT);
let steps = 0;

function step(): void {
  steps += 1;
  if (steps === dieAt) process.kill(process.pid, 'SIGKILL');
}

async function inSteps(write: (bytes: Uint8Array) => Promise<unknown>, bytes: Uint8Array): Promise<void> {
  const half = Math.floor(bytes.length / 2);
  step();
  await write(bytes.subarray(0, half));
  step();
  await write(bytes.subarray(half));
  step();
}

promises.open = async (...args) => {
  const file: FileHandle = await open(...args);
  const write = file.writeFile.bind(file);
  const sync = file.sync.bind(file);
  file.writeFile = (data) => inSteps(write, data as Uint8Array);
  file.sync = async () => {
    await sync();
    step();
  };
  return file;
};
promises.rename = async (from, to) => {
  await rename(from, to);
  step();
};
promises.writeFile = async (path, data) => {
  await writeFile(path, '');
  await inSteps((bytes) => appendFile(path, bytes), data as Uint8Array);
};
syncBuiltinESMExports();
