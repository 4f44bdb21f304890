import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RingId, RolloutSteps } from '../../../../protocol/api/rollouts.ts';
import { decide, directiveOf, GRACE_MS, inShare, type Kiosk, type Plan, reaches, stateOf, tally } from './rules.ts';

const NOW = new Date('2027-03-01T12:00:00.000Z');
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const HOUR = 3_600_000;

const plan = (change: Partial<Plan> = {}): Plan => ({
  id: '01890000-0000-7000-8000-000000000001',
  version: '2.0.0',
  state: 'running',
  steps: [
    { ring: 'canary', percent: 100, soakHours: 4 },
    { ring: 'all', percent: 10, soakHours: 24 },
    { ring: 'all', percent: 100, soakHours: 0 },
  ],
  step: 0,
  stepSince: ago(HOUR),
  automatic: true,
  urgent: false,
  trialMinutes: 10,
  retry: 0,
  stopAt: { kiosks: 2, percent: 20 },
  countingSince: ago(48 * HOUR),
  ...change,
});

type State = NonNullable<Kiosk['progress']>['state'];
const kiosk = (
  state: State | null,
  o: { ring?: RingId; at?: Date; heard?: Date | null; reason?: string } = {},
): Kiosk => ({
  device: randomUUID(),
  ring: o.ring ?? 'canary',
  lastHeardAt: o.heard === undefined ? NOW : o.heard,
  progress: state && { state, at: o.at ?? ago(60_000), reason: o.reason ?? null },
});
const many = (count: number, state: State | null, o: Parameters<typeof kiosk>[1] = {}) =>
  Array.from({ length: count }, () => kiosk(state, o));
const decided = (p: Plan, kiosks: readonly Kiosk[]) => decide(p, tally(p, kiosks, NOW), NOW);

describe('kiosks reached', () => {
  test('a larger share only adds kiosks, and a share is close to its nominal size', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.uuid(),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 100 }),
        (r, d, a, b) => {
          if (inShare(r, d, Math.min(a, b))) expect(inShare(r, d, Math.max(a, b))).toBe(true);
          expect(inShare(r, d, 100)).toBe(true);
        },
      ),
    );
    const devices = Array.from(
      { length: 20_000 },
      (_, i) => `01890a5d-ac96-774b-bcce-${i.toString(16).padStart(12, '0')}`,
    );
    const reached = devices.filter((d) => inShare(plan().id, d, 10)).length;
    expect(reached).toBeGreaterThan(1800);
    expect(reached).toBeLessThan(2200);
  });

  test('two rollouts choose different kiosks for the same share', () => {
    const devices = Array.from({ length: 2000 }, () => randomUUID());
    const of = (id: string) => devices.filter((d) => inShare(id, d, 10));
    const [one, other] = [of(randomUUID()), new Set(of(randomUUID()))];
    expect(one.filter((d) => other.has(d)).length).toBeLessThan(one.length / 2);
  });

  test('a ring’s step reaches only that ring, and a share of all includes every ring', () => {
    const device = randomUUID();
    expect(reaches(plan(), device, 'canary')).toBe(true);
    expect(reaches(plan(), device, 'all')).toBe(false);
    expect(reaches(plan(), device, 'early')).toBe(false);
    const last = plan({ step: 2 });
    for (const ring of ['canary', 'early', 'all'] as const) expect(reaches(last, device, ring)).toBe(true);
  });

  test('steps that reach no new kiosk, or do not end with all kiosks, are rejected', () => {
    const step = (ring: RingId, percent: number) => ({ ring, percent, soakHours: 1 });
    const good = [[step('all', 100)], [step('canary', 50), step('canary', 100), step('all', 10), step('all', 100)]];
    const bad = [
      [],
      [step('canary', 100)],
      [step('all', 50)],
      [step('all', 50), step('all', 50), step('all', 100)],
      [step('all', 50), step('all', 10), step('all', 100)],
      [step('all', 100), step('canary', 100)],
      [step('all', 100), step('all', 100)],
    ];
    for (const steps of good) expect(RolloutSteps.safeParse(steps).success).toBe(true);
    for (const steps of bad) expect([steps, RolloutSteps.safeParse(steps).success]).toEqual([steps, false]);
  });
});

describe('what a kiosk receives', () => {
  const window = { from: '22:00', to: '04:00', zone: 'Europe/Berlin' };
  const directiveFor = (state: Plan['state'], progress: State | null, ring: RingId = 'canary') =>
    directiveOf(plan({ state }), kiosk(progress, { ring }), window)?.action ?? null;

  test('only kiosks that are reached install, in the window of their site', () => {
    expect(directiveOf(plan({ retry: 3 }), kiosk(null), window)).toEqual({
      rollout: plan().id,
      action: 'install',
      version: '2.0.0',
      window,
      trialMinutes: 10,
      retry: 3,
    });
    expect(directiveOf(plan({ urgent: true }), kiosk(null), window)?.window).toBeNull();
    expect(directiveFor('running', null, 'all')).toBeNull();
  });

  test('a rollout that is not running withdraws only directives that no kiosk has acted on', () => {
    for (const state of ['paused', 'stopped'] as const) {
      expect(directiveFor(state, null)).toBeNull();
      expect(directiveFor(state, 'notified')).toBeNull();
      for (const begun of ['installing', 'healthy', 'rolled-back', 'refused'] as const)
        expect(directiveFor(state, begun)).toBe('install');
    }
  });

  test('a rollback goes to every kiosk that was ever notified, and to no other', () => {
    for (const begun of ['notified', 'installing', 'healthy', 'rolled-back', 'refused'] as const)
      expect(directiveFor('held', begun)).toBeNull();
    for (const state of ['notified', 'installing', 'healthy', 'rolled-back', 'refused'] as const)
      expect(directiveFor('rolled-back', state)).toBe('rollback');
    expect(directiveFor('rolled-back', null)).toBeNull();
    expect(directiveFor('ended', 'healthy')).toBeNull();
  });

  test('a finished rollout still notifies late kiosks', () => {
    expect(directiveOf(plan({ state: 'done', step: 2 }), kiosk(null, { ring: 'all' }), null)?.action).toBe('install');
  });
});

describe('what a rollout decides', () => {
  test('it stops at two failed kiosks of few, or a fifth of many', () => {
    expect(decided(plan(), [...many(1, 'rolled-back'), ...many(2, 'installing')]).kind).toBe('wait');
    expect(decided(plan(), [...many(2, 'rolled-back'), ...many(2, 'installing')])).toEqual({
      kind: 'stop',
      failed: 2,
      got: 4,
    });
    expect(decided(plan(), [...many(9, 'rolled-back'), ...many(41, 'healthy')]).kind).toBe('wait');
    expect(decided(plan(), [...many(10, 'rolled-back'), ...many(40, 'healthy')]).kind).toBe('stop');
    // A kiosk that refused to install keeps running its old build: that isn't a failure.
    expect(decided(plan(), [...many(5, 'refused'), ...many(5, 'notified')]).kind).toBe('wait');
  });

  test('it stops when every kiosk that got it failed and no other is still to report, even for one kiosk', () => {
    const stop = { kind: 'stop', failed: 1, got: 1 };
    expect(decided(plan(), many(1, 'rolled-back'))).toEqual(stop);
    expect(decided(plan({ step: 2 }), many(1, 'rolled-back'))).toEqual(stop);
    const away = { heard: ago(HOUR + 1) };
    const refused = { reason: 'update-cannot-roll-back' };
    const others = [...many(3, 'notified', away), ...many(1, 'refused', refused), ...many(5, null, { ring: 'all' })];
    expect(decided(plan(), [...many(1, 'rolled-back'), ...others])).toEqual(stop);
    // It waits for a kiosk that may still become healthy, or is.
    for (const state of ['notified', 'installing', 'healthy'] as const)
      expect(decided(plan(), [...many(1, 'rolled-back'), ...many(1, state)]).kind).toBe('wait');
    // After someone resumed it, the old failure doesn't stop it again, but it doesn't advance automatically either.
    const resumed = plan({ countingSince: ago(HOUR), stepSince: ago(4 * HOUR) });
    expect(decided(resumed, many(1, 'rolled-back', { at: ago(2 * HOUR) }))).toMatchObject({ for: 'failures' });
  });

  test('a kiosk silent for an hour is left out and listed as not heard, but still gets the build', () => {
    const away = kiosk('notified', { heard: ago(HOUR + 1) });
    const soaked = plan({ stepSince: ago(4 * HOUR) });
    expect(stateOf(soaked, away, NOW)).toBe('not-heard');
    expect(stateOf(soaked, kiosk(null, { heard: null }), NOW)).toBe('not-heard');
    // In turn: not reached yet, already reported its outcome, heard just within the hour, rollout ended.
    expect(stateOf(soaked, kiosk(null, { heard: null, ring: 'all' }), NOW)).toBe('waiting');
    expect(stateOf(soaked, kiosk('healthy', { heard: ago(HOUR + 1) }), NOW)).toBe('healthy');
    expect(stateOf(soaked, kiosk('notified', { heard: ago(HOUR) }), NOW)).toBe('notified');
    expect(stateOf(plan({ state: 'ended' }), away, NOW)).toBe('notified');
    expect(tally(soaked, [away, kiosk('healthy')], NOW).counts).toMatchObject({
      'not-heard': 1,
      healthy: 1,
      notified: 0,
    });
    expect(decided(soaked, [away, kiosk('healthy')])).toEqual({ kind: 'advance' });
    const done = plan({ step: 2, state: 'done' });
    expect(directiveOf(done, away, null)?.action).toBe('install');
  });

  test('a kiosk that did not become healthy in time counts as failed', () => {
    const late = ago(10 * 60_000 + GRACE_MS + 1);
    expect(stateOf(plan(), kiosk('installing', { at: late }), NOW)).toBe('overdue');
    expect(stateOf(plan(), kiosk('installing', { at: ago(10 * 60_000) }), NOW)).toBe('installing');
    expect(decided(plan(), many(2, 'installing', { at: late }))).toEqual({ kind: 'stop', failed: 2, got: 2 });
    expect(decided(plan(), many(2, 'installing')).kind).toBe('wait');
  });

  test('failures from before it was resumed do not stop it again', () => {
    const resumed = plan({ countingSince: ago(HOUR) });
    const old = many(5, 'rolled-back', { at: ago(2 * HOUR) });
    expect(decided(resumed, [...old, ...many(1, 'rolled-back')]).kind).toBe('wait');
    expect(decided(resumed, [...old, ...many(2, 'rolled-back')]).kind).toBe('stop');
  });

  test('it advances after its soak time if at least half of the reached kiosks in contact are healthy', () => {
    const soaked = plan({ stepSince: ago(4 * HOUR) });
    expect(decided(plan(), many(4, 'healthy'))).toEqual({
      kind: 'wait',
      for: 'soak',
      until: new Date(NOW.getTime() + 3 * HOUR),
    });
    expect(decided(soaked, many(4, 'healthy'))).toEqual({ kind: 'advance' });
    expect(decided(soaked, [...many(2, 'healthy'), ...many(2, 'notified')])).toEqual({ kind: 'advance' });
    expect(decided(soaked, [...many(1, 'healthy'), ...many(2, 'notified')])).toMatchObject({ for: 'verdicts' });
    // It doesn't wait for kiosks that are switched off, but at least one kiosk must have tried the build.
    const away = { heard: ago(2 * HOUR) };
    expect(decided(soaked, [...many(1, 'healthy'), ...many(9, 'notified', away)])).toEqual({ kind: 'advance' });
    expect(decided(soaked, many(9, 'notified', away))).toMatchObject({ for: 'contact' });
    expect(decided(soaked, many(9, 'notified', { heard: null }))).toMatchObject({ for: 'contact' });
  });

  test('one failure among few kiosks does not stop it, but keeps it from advancing automatically', () => {
    const soaked = plan({ stepSince: ago(4 * HOUR) });
    expect(decided(soaked, [...many(1, 'rolled-back'), ...many(3, 'healthy')])).toMatchObject({ for: 'failures' });
    expect(decided(soaked, [...many(1, 'rolled-back'), ...many(9, 'healthy')])).toEqual({ kind: 'advance' });
  });

  test('a rollout that is not automatic waits for a person', () => {
    const soaked = plan({ stepSince: ago(4 * HOUR), automatic: false });
    expect(decided(soaked, many(4, 'healthy'))).toMatchObject({ kind: 'wait', for: 'decision' });
  });

  test('at its last step it is done when no kiosk in contact has anything left to do', () => {
    const last = plan({ step: 2 });
    expect(decided(last, [...many(3, 'healthy'), ...many(1, 'installing')])).toMatchObject({ for: 'verdicts' });
    expect(
      decided(last, [...many(3, 'healthy'), ...many(1, 'refused'), ...many(1, 'notified', { heard: null })]),
    ).toEqual({
      kind: 'done',
    });
    // A kiosk that will retry isn't finished. One that refused for good is.
    const refused = (reason: string) => decided(last, [...many(3, 'healthy'), ...many(1, 'refused', { reason })]);
    for (const reason of ['update-unreachable', 'update-slow', 'update-expired', 'update-disk-full', 'update-of-later'])
      expect([reason, refused(reason)]).toEqual([reason, { kind: 'wait', for: 'verdicts', until: null }]);
    for (const reason of ['update-cannot-roll-back', 'update-backwards', 'update-wrong-platform'])
      expect([reason, refused(reason)]).toEqual([reason, { kind: 'done' }]);
    expect(decided(last, many(3, 'notified', { heard: null }))).toMatchObject({ for: 'contact' });
    expect(decided(last, many(1, 'refused', { reason: 'update-cannot-roll-back' }))).toMatchObject({ for: 'failures' });
  });

  test.each(['paused', 'stopped', 'held', 'done', 'rolled-back', 'ended'] as const)(
    'a rollout that is %s decides nothing',
    (state) => {
      expect(decided(plan({ state, step: 2 }), many(9, 'rolled-back'))).toMatchObject({ kind: 'wait', for: 'nothing' });
    },
  );
});
