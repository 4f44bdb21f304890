import type { CoreOptions } from '../interface.ts';
import { plainFields } from './core-process.ts';

/** A host's log: a line of JSON an entry, on a stream that the system's journal reads. */
export const hostLog =
  (out: { write(line: string): unknown }, now: () => Date = () => new Date()): CoreOptions['log'] =>
  (level, message, fields = {}) => {
    out.write(`${JSON.stringify({ ...plainFields(fields), time: now().toISOString(), level, message })}\n`);
  };
