import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installTools } from '../../build/fetch/tools.ts';
import { isMet } from './harness.ts';
import { LineTable } from './table.ts';
import type { BenchGroup, BenchLine } from './types.ts';

/**
 *     npm run bench [-- [--json] [--list] [--strict] [GROUP…]]
 * Runs the named groups, or all, one after the other. stdout: a table, or with --json one object per line; stderr: notes.
 * Exit: 0 everything was measured, 1 a group is missing or failed, 2 wrong usage, 3 with --strict a bar was missed.
 */

/** In the order in which they run. Each is `NAME.ts` beside this file, loaded on demand. */
export const GROUPS = [
  'gallery',
  'pipeline',
  'store',
  'kiosk',
  'walkup',
  'liveness',
  'sync',
  'server',
  'console',
  'update',
  'first-day',
] as const;

/** Groups whose peers are installed in this folder. */
const WITH_PEERS = ['gallery', 'store'];

export interface BenchOptions {
  /** Names of groups; empty for all. */
  readonly groups?: readonly string[];
  readonly json?: boolean;
  /** Lists the groups instead of running them. */
  readonly list?: boolean;
  /** Exits with an error if a bar is missed. */
  readonly strict?: boolean;
  /** Folder of the groups' files, for tests. */
  readonly folder?: URL;
  readonly out?: (text: string) => void;
  readonly err?: (text: string) => void;
}

/** Loads a group. Throws with the reason if it is absent or not a group. */
async function loadGroup(name: string, folder: URL): Promise<BenchGroup> {
  const file = new URL(`${name}.ts`, folder);
  if (!existsSync(file)) throw new Error(`there is no ${fileURLToPath(file)}`);
  const { group } = (await import(file.href)) as { group?: BenchGroup };
  if (group?.name !== name || typeof group.run !== 'function') {
    throw new Error(`${fileURLToPath(file)} must export a BenchGroup named "${name}" as \`group\``);
  }
  if (!group.leavesOut) throw new Error(`${fileURLToPath(file)} must say in \`leavesOut\` what its lines leave out`);
  return group;
}

/** Runs benches and returns the exit code. Never throws because of a group. */
export async function runBench(options: BenchOptions = {}): Promise<number> {
  const folder = options.folder ?? new URL('./', import.meta.url);
  const out = options.out ?? ((text) => void process.stdout.write(`${text}\n`));
  const err = options.err ?? ((text) => void process.stderr.write(`${text}\n`));
  const wanted = options.groups?.length ? [...new Set(options.groups)] : [...GROUPS];
  const unknown = wanted.filter((name) => !(GROUPS as readonly string[]).includes(name));
  if (unknown.length > 0) {
    err(`bench: unknown group ${unknown.join(', ')}; the groups are ${GROUPS.join(', ')}`);
    return 2;
  }
  const table = options.json ? null : new LineTable(out);
  let failed = false;
  let bars = 0;
  let missed = 0;
  for (const name of wanted) {
    try {
      if (WITH_PEERS.includes(name) && !options.folder) installTools('test/bench');
      const group = await loadGroup(name, folder);
      if (options.list) {
        out(`${group.name.padEnd(10)} ${group.describe}`);
        continue;
      }
      let lines = 0;
      table?.begin(group);
      for await (const line of group.run({ note: (message) => err(`bench: ${name}: ${message}`) })) {
        if (line.group !== name) throw new Error(`a line of group "${line.group}" came from "${name}"`);
        const said = ordered({ leavesOut: group.leavesOut, ...line });
        lines++;
        const met = isMet(line);
        if (met !== null) bars++;
        if (met === false) missed++;
        if (table) table.line(said);
        else out(JSON.stringify(said));
      }
      if (lines === 0) throw new Error('it measured nothing');
    } catch (error) {
      failed = true;
      err(`bench: ${name}: FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  if (bars > 0) err(`bench: ${bars - missed} of ${bars} bars met`);
  if (failed) return 1;
  return options.strict && missed > 0 ? 3 : 0;
}

/** The line with its keys in the documented order. */
function ordered(line: BenchLine): BenchLine {
  const { group, name, unit, ours, reference, referenceValue, ratio, better, bar, leavesOut } = line;
  const more = { ...(bar === undefined ? {} : { bar }), ...(leavesOut === undefined ? {} : { leavesOut }) };
  return { group, name, unit, ours, reference, referenceValue, ratio, better, ...more };
}

const USAGE = `npm run bench [-- [--json] [--list] [--strict] [GROUP…]]; groups: ${GROUPS.join(', ')}`;

function parse(args: readonly string[]): BenchOptions | null {
  const flags = args.filter((arg) => arg.startsWith('-'));
  if (flags.some((flag) => !['--json', '--list', '--strict'].includes(flag))) return null;
  return {
    groups: args.filter((arg) => !arg.startsWith('-')),
    json: flags.includes('--json'),
    list: flags.includes('--list'),
    strict: flags.includes('--strict'),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const options = parse(args);
  if (args.includes('--help')) {
    process.stdout.write(`${USAGE}\n`);
  } else if (options === null) {
    process.stderr.write(`bench: ${USAGE}\n`);
    process.exitCode = 2;
  } else {
    process.exitCode = await runBench(options);
  }
}
