import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/**
 * This process's metrics, with one registry per process, as Prometheus expects. A metric is a property of the process, so
 * these few instruments are global, while everything else is passed as a parameter.
 *
 * Labels are declared routes, kinds, codes and names of jobs, never a person, a device, an address or a requested path.
 */
export const registry = new Registry();

/** Buckets in seconds, from a cached page to the limit of a request. */
const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const httpSeconds = new Histogram({
  name: 'smartpresence_http_request_seconds',
  help: 'Time from a request to the end of its answer, by declared route.',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: SECONDS,
  registers: [registry],
});

const messageSeconds = new Histogram({
  name: 'smartpresence_device_message_seconds',
  help: 'Time to take a message of a kiosk, over whichever transport; outcome is ok or the code of the rejection.',
  labelNames: ['kind', 'outcome'] as const,
  buckets: SECONDS,
  registers: [registry],
});

const events = new Counter({
  name: 'smartpresence_events_total',
  help: 'Events of kiosks: taken, already there, or quarantined.',
  labelNames: ['result'] as const,
  registers: [registry],
});

/** Counts an answered request. @param route as declared; absent if no route matched */
export function countRequest(o: {
  readonly method: string;
  readonly route: string | undefined;
  readonly status: number;
  readonly ms: number;
}): void {
  const { method, route = 'none', status, ms } = o;
  // Otherwise anyone could create labels by inventing methods.
  const known = METHODS.has(method) ? method : 'other';
  httpSeconds.observe({ method: known, route, status: `${Math.floor(status / 100)}xx` }, ms / 1000);
}
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export async function measureMessage<T>(kind: 'batch' | 'ask', take: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const end = (outcome: string) => messageSeconds.observe({ kind, outcome }, (performance.now() - began) / 1000);
  try {
    const taken = await take();
    end('ok');
    return taken;
  } catch (cause) {
    end(codeOf(cause));
    throw cause;
  }
}

export function countEvents(o: { readonly taken: number; readonly known: number; readonly quarantined: number }): void {
  if (o.taken > 0) events.inc({ result: 'taken' }, o.taken);
  if (o.known > 0) events.inc({ result: 'known' }, o.known);
  if (o.quarantined > 0) events.inc({ result: 'quarantined' }, o.quarantined);
}

let standing = false;

/** Starts measuring the process's memory, CPU, event loop and garbage collection. Safe to call twice. */
export function measureProcess(): void {
  if (standing) return;
  standing = true;
  collectDefaultMetrics({ register: registry });
}

function codeOf(cause: unknown): string {
  const { name, code } = cause as { name?: string; code?: unknown };
  return name === 'Problem' && typeof code === 'string' ? code : 'internal-error';
}
