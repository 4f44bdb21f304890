import type { CoreMethods, MethodName } from '../../contract/methods.ts';

/** What a screen asks by itself, with nobody there; the technician's menu says of itself whether someone touched it. */
const BY_ITSELF: ReadonlySet<MethodName> = new Set(['hello', 'status', 'screenState', 'technicianState']);

/** How long nobody has been at the kiosk: no face, no code, no key, no staff. */
export interface Activity {
  /** Ms since the last sign of someone; from the start of the core at first. */
  idleMs(): number;
  /** Someone is here. */
  note(): void;
  /** The same methods; each call of a person counts when it begins and when it ends. */
  around(methods: CoreMethods): CoreMethods;
}

/** @param monotonic ms, never going back */
export function createActivity(monotonic: () => number): Activity {
  let last = monotonic();
  const note = (): void => {
    last = monotonic();
  };
  return {
    idleMs: () => monotonic() - last,
    note,
    around(methods) {
      const counted = Object.entries(methods).map(([name, method]) => {
        if (BY_ITSELF.has(name as MethodName)) return [name, method];
        const call = method as (input: unknown) => Promise<unknown>;
        return [
          name,
          async (input: unknown) => {
            note();
            try {
              return await call(input);
            } finally {
              note();
            }
          },
        ];
      });
      return Object.fromEntries(counted) as CoreMethods;
    },
  };
}
