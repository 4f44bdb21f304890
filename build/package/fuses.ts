import { readFileSync } from 'node:fs';

/*
 * Electron's fuses, read from the shipped program: https://www.electronjs.org/docs/latest/tutorial/fuses.
 * A sentinel is followed by the version of the fuse wire, its length, and one byte per fuse. Only these bytes take effect.
 */

const SENTINEL = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX', 'latin1');
const WIRE_VERSION = 1;

/** In the order of the wire. The names are those of electron-builder's `electronFuses`. */
const FUSES = [
  'runAsNode',
  'enableCookieEncryption',
  'enableNodeOptionsEnvironmentVariable',
  'enableNodeCliInspectArguments',
  'enableEmbeddedAsarIntegrityValidation',
  'onlyLoadAppFromAsar',
  'loadBrowserProcessSpecificV8Snapshot',
  'grantFileProtocolExtraPrivileges',
  'wasmTrapHandlers',
] as const;

/** Fuses left as Electron ships them. This one only affects the speed of WebAssembly. */
const LEFT: readonly string[] = ['wasmTrapHandlers'];

const STATES: Readonly<Record<number, string>> = { 48: 'off', 49: 'on', 114: 'removed', 144: 'inherited' };

/**
 * Returns what is wrong with the fuses of a program, one line per problem.
 *
 * @param wanted required state of each configured fuse
 */
export function fuseFaults(program: string, wanted: Readonly<Record<string, boolean>>): string[] {
  const bytes = readFileSync(program);
  const at = bytes.indexOf(SENTINEL);
  if (at < 0) return ['there is no fuse wire in the program: it is not Electron’s'];
  if (bytes.indexOf(SENTINEL, at + 1) >= 0) return ['there is more than one fuse wire in the program'];
  const [version = 0, length = 0] = bytes.subarray(at + SENTINEL.length);
  if (version !== WIRE_VERSION) return [`the fuse wire has version ${version}; ${WIRE_VERSION} is known`];
  const wire = bytes.subarray(at + SENTINEL.length + 2, at + SENTINEL.length + 2 + length);
  if (wire.length !== length) return ['the fuse wire is cut off'];
  const faults: string[] = [];
  for (const [name, on] of Object.entries(wanted)) {
    const state = STATES[wire[FUSES.indexOf(name as (typeof FUSES)[number])] ?? -1] ?? 'not there';
    if (state !== (on ? 'on' : 'off')) faults.push(`${name} is ${state}, and should be ${on ? 'on' : 'off'}`);
  }
  for (let fuse = 0; fuse < length; fuse++) {
    const name = FUSES[fuse];
    if (name === undefined) faults.push(`fuse ${fuse} is new, and fuses.ts does not set it`);
    else if (!(name in wanted) && !LEFT.includes(name)) faults.push(`fuses.ts does not set ${name}`);
  }
  return faults;
}
