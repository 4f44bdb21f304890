/**
 * The wall clock of a process, moved: `Date.now()` and `new Date()` return the moved time from then on, timers and
 * monotonic clocks go on as they are, as when an operator or a dead battery changes a machine's clock.
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

/** Ms since 1970, whatever the process believes. */
export function realNow(): number {
  return RealDate.now();
}
