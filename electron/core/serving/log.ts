import { createInterface } from 'node:readline';
import type { CoreOptions } from '../interface.ts';
import { plainFields } from './core-process.ts';

/** A host's log: one line of JSON per entry, on a stream that the system's journal reads. */
export const hostLog =
  (out: { write(line: string): unknown }, now: () => Date = () => new Date()): CoreOptions['log'] =>
  (level, message, fields = {}) => {
    out.write(`${JSON.stringify({ ...plainFields(fields), time: now().toISOString(), level, message })}\n`);
  };

/** Logs what native libraries in the core's process print, and what Node prints when it crashes. */
export function logOutput(
  child: Record<'stdout' | 'stderr', NodeJS.ReadableStream | null>,
  log: CoreOptions['log'],
): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const input = child[name];
    if (input) createInterface({ input }).on('line', (line) => log('warn', `core ${name}: ${line.slice(0, 2_000)}`));
  }
}
