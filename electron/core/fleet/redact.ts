import type { LogLine } from '../../../sync/protocol/wire/farewell.ts';

/**
 * Redacts a line of the kiosk's log so that it may leave the kiosk: only content known to identify nobody is kept. Pure.
 *
 * Messages are sentences of our own source, with values of ours in them. Fields are allowed by name and shape. Of an error, only
 * its kind, code, the system's code in brackets, and the places in the code are kept: its message may repeat what someone typed.
 * Output of native programs (`core stderr: …`) is left out except for stack frames.
 */

const WITHHELD = '‹withheld›';
const LONGEST = 400;
const FRAMES = 8;
const DEPTH = 3;

type Shape = (value: unknown) => unknown;
const keep =
  (test: (value: unknown) => boolean): Shape =>
  (value) =>
    test(value) ? value : WITHHELD;
const number = keep((v) => typeof v === 'number' && Number.isFinite(v));
const flag = keep((v) => typeof v === 'boolean');
/** A code or a term of ours: letters first, no run of digits that could be someone's number. */
const plain = keep((v) => typeof v === 'string' && /^[a-z][a-z.+-]{0,40}( \(?[a-z]{1,20}\)?)?$/i.test(v));
const version = keep((v) => typeof v === 'string' && /^\d{1,4}\.\d{1,4}\.\d{1,4}(-[0-9a-z.-]{1,20})?$/i.test(v));
const commit = keep((v) => v === null || (typeof v === 'string' && /^[0-9a-f]{12,40}$/.test(v)));

/** Fields by name. A field that is not listed is not written, however harmless it looks. */
const SHAPES: Readonly<Record<string, Shape>> = {
  action: plain,
  before: plain,
  browser: (v) => (typeof v === 'boolean' ? v : plain(v)),
  code: plain,
  commit,
  count: number,
  demo: flag,
  direction: plain,
  exit: number,
  from: (v) => (typeof v === 'string' && /^\d/.test(v) ? version(v) : plain(v)),
  gps: number,
  inARow: number,
  liveness: plain,
  method: plain,
  missed: number,
  mode: plain,
  moved: number,
  ms: number,
  outcome: plain,
  photos: number,
  pid: number,
  queued: number,
  ready: flag,
  reason: plain,
  sandbox: flag,
  serving: flag,
  signal: plain,
  step: plain,
  trimmed: number,
  version,
  wait: number,
  want: plain,
  what: plain,
};

export function redactLine(
  at: Date,
  level: string,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): LogLine {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (name === 'error' || name === 'cause') kept[name] = redactError(value, DEPTH);
    else if (Object.hasOwn(SHAPES, name)) kept[name] = value === null ? null : SHAPES[name]!(value);
  }
  return {
    at: at.toISOString(),
    level,
    message: redactMessage(message),
    ...(Object.keys(kept).length > 0 && { fields: kept }),
  };
}

/** Lines printed by other programs start like this. The program's name is kept, but none of the content. */
const FOREIGN = /^(core (?:stdout|stderr)|browser|electron): ([\s\S]*)$/;

function redactMessage(message: string): string {
  const foreign = FOREIGN.exec(message);
  if (!foreign) return scrub(message);
  const [, who, line = ''] = foreign;
  return `${who}: ${frameOf(line) ?? WITHHELD}`;
}

/** Redacts an error, or what `plainFields` has made of one. */
function redactError(error: unknown, depth: number): unknown {
  if (typeof error !== 'object' || error === null) return WITHHELD;
  const { name, code, message, stack, cause } = error as Record<string, unknown>;
  const frames = typeof stack === 'string' ? stack.split('\n').flatMap((line) => frameOf(line) ?? []) : [];
  return {
    name: plain(name),
    ...(code !== undefined && { code: typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? code : plain(code) }),
    // `… can’t be reached (ECONNREFUSED)`: keep only the part of a message that can't be a person's name.
    ...(typeof message === 'string' && systemMessage(message)),
    ...(frames.length > 0 && { at: frames.slice(0, FRAMES) }),
    ...(cause !== undefined && depth > 1 && { cause: redactError(cause, depth - 1) }),
  };
}

function systemMessage(message: string): { system?: string } {
  const found = /\(([A-Z][A-Z_]{3,40})\)/.exec(message)?.[1];
  return found ? { system: found } : {};
}

/** Returns `function folder/file:line` of a stack frame. The rest of the path, where the program is stored, is dropped. */
function frameOf(line: string): string | null {
  const found = /^\s*at (?:(?:async |new )?([\w.<>$#[\] ]{1,80}) \()?(?:[a-z]+:\/\/)?([^\s()]*?):(\d+):(\d+)\)?$/.exec(
    line,
  );
  if (!found) return null;
  const [, where = '', file = '', row] = found;
  const place = file.split(/[\\/]/).slice(-2).join('/');
  return /^[\w./@-]{1,120}$/.test(place) ? `${where.trim()} ${place}:${row}`.trim() : null;
}

/**
 * Removes from a sentence of ours what may have been inserted: anything in quotes, e-mail addresses, addresses and paths, long
 * runs that may be keys or tokens, coordinates, and every number of more than three digits.
 */
function scrub(text: string): string {
  return text
    .replace(/"[^"]*"?|“[^”]*”?|‘[^’]*’|`[^`]*`|(?<!\p{L})'[^']*'/gu, '‹…›')
    .replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '‹address›')
    .replace(/\b[a-z]+:\/\/\S+/gi, '‹address›')
    .replace(/(?<![\w‹])\/[^\s,;:]+/g, '‹path›')
    .replace(/[A-Za-z0-9+_=-]{22,}/g, (run) => (/^[a-z-]+$/.test(run) ? run : '‹opaque›'))
    .replace(/-?\d{1,3}[.,]\d{3,}/g, '‹number›')
    .replace(/\+?\d[\d ()/-]{3,}\d|\d{4,}/g, '‹number›')
    .slice(0, LONGEST);
}
