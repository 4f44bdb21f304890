import { scrub } from './scrub.ts';

/**
 * The fields that a log line may have, and the shape of each. For an unknown field or a value of another shape the line says
 * `[withheld]`. Undeclared fields also fail a test.
 */
const TOKEN = /^[\w.:%-]{1,80}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const ROUTE = /^(\w+ )?[\w/:.*-]{1,120}$/;

type Shape = (value: unknown) => boolean;
const number: Shape = (v) => typeof v === 'number' && Number.isFinite(v);
const matches =
  (pattern: RegExp): Shape =>
  (v) =>
    typeof v === 'string' && pattern.test(v);
const token = matches(TOKEN);
/** Addresses of our own listeners, as configured, and of brokers. Without path, query or password. */
const origin: Shape = (v) => typeof v === 'string' && /^(https|mqtts|wss):\/\/[\w.:[\]-]+(\/mqtt)?$/.test(v);
const tokens: Shape = (v) => Array.isArray(v) && v.every(token);
const counts: Shape = (v) => isRecord(v) && Object.entries(v).every(([k, n]) => token(k) && number(n));
const either =
  (...shapes: Shape[]): Shape =>
  (v) =>
    shapes.some((shape) => shape(v));

export const SHAPES: Readonly<Record<string, Shape>> = {
  broker: origin,
  cause: token,
  code: token,
  command: matches(UUID),
  committed: number,
  count: number,
  degraded: tokens,
  device: matches(UUID),
  devices: origin,
  events: number,
  failed: number,
  got: number,
  job: token,
  kind: token,
  method: token,
  ms: number,
  /** A command's name: `device approve`. */
  operation: matches(/^[a-z-]{1,30}( [a-z-]{1,30}){0,3}$/),
  outcome: token,
  people: origin,
  port: number,
  ready: (v) => typeof v === 'boolean',
  reasons: either(tokens, counts),
  report: (v) => isReport(v, 4),
  route: matches(ROUTE),
  request: matches(UUID),
  rollout: matches(UUID),
  schedule: matches(UUID),
  seq: number,
  signal: matches(/^[\w ]{1,30}$/),
  status: number,
  step: token,
  version: either(number, token),
  what: token,
};

export const WITHHELD = '[withheld]';

/** Returns the fields of a line as they may be written. `err` must come from `logError`. Pure. */
export function logFields(fields: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (name === 'err') out.err = value;
    else if (value === null) out[name] = null;
    else out[TOKEN.test(name) ? name : WITHHELD] = SHAPES[name]?.(value) ? value : WITHHELD;
  }
  return out;
}

/** Whether this is a valid report of a job: counts, times, codes and the job's own ids. */
function isReport(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'boolean' || number(value)) return true;
  if (typeof value === 'string')
    return INSTANT.test(value) || (TOKEN.test(value) && scrub(value, { quotes: false }) === value);
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((one) => isReport(one, depth - 1));
  return isRecord(value) && Object.entries(value).every(([k, v]) => TOKEN.test(k) && isReport(v, depth - 1));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
