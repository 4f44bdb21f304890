/**
 * Shifts the wall clock of a process. From then on `Date.now()` and `new Date()` return the shifted time. Timers and monotonic
 * clocks are unaffected, as when an operator or a dead battery changes a machine's clock.
 */
const RealDate = Date;

let skewMs = 0;

export function skewClock(ms: number): void {
  skewMs = ms;
  const now = () => RealDate.now() + skewMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: (target) => new target(now()).toString(),
    get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
  });
}

/** Ms since 1970 by the real clock. */
export function realNow(): number {
  return RealDate.now();
}
