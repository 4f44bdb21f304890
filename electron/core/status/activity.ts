import type { CoreMethods, MethodName, ProbeResult } from '../../contract/methods.ts';

/** What a screen calls on its own, with nobody there. The technician's menu itself reports touches. */
const BY_ITSELF: ReadonlySet<MethodName> = new Set(['hello', 'status', 'screenPicture', 'technicianState']);
/** What a face in front of the camera triggers on its own, even a passer-by's or a poster's. */
const BY_FACE: ReadonlySet<MethodName> = new Set(['visitBegin', 'visitEnd', 'visitFace', 'probe']);
/** Results that only a known face gets. */
const KNOWN: ReadonlySet<ProbeResult['kind']> = new Set(['challenge', 'light', 'welcome']);

/** Tracks how long nobody has been at the kiosk. @param monotonic monotonic clock, ms */
export function createActivity(monotonic: () => number) {
  let seen = monotonic();
  let used = seen;
  const view = (): void => {
    seen = monotonic();
  };
  /** Notes that someone uses the kiosk. */
  const note = (): void => {
    seen = used = monotonic();
  };

  function noteCall(name: MethodName, input: unknown, result?: unknown): void {
    if (BY_ITSELF.has(name)) return;
    if (name === 'screenState') {
      if ((input as { touched?: boolean }).touched) note();
    } else if (BY_FACE.has(name)) {
      if (name === 'probe' && KNOWN.has((result as ProbeResult | undefined)?.kind as ProbeResult['kind'])) note();
      else view();
    } else note();
  }

  return {
    /** Ms since the last sign of a person: a face, a code, a key, staff; initially since the start of the core. */
    idleMs: (): number => monotonic() - seen,
    /** The same, not counting faces that are merely in view. */
    unusedMs: (): number => monotonic() - used,
    note,
    /** Wraps the methods: each call made by a person counts when it begins and when it ends. */
    around(methods: CoreMethods): CoreMethods {
      const counted = Object.entries(methods).map(([name, method]) => {
        const call = method as (input: unknown) => Promise<unknown>;
        return [
          name,
          async (input: unknown) => {
            let result: unknown;
            noteCall(name as MethodName, input);
            try {
              result = await call(input);
              return result;
            } finally {
              noteCall(name as MethodName, input, result);
            }
          },
        ];
      });
      return Object.fromEntries(counted) as CoreMethods;
    },
  };
}
