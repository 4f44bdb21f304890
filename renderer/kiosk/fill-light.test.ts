import { expect, it } from 'vitest';
import { detection, face, sample } from '../../test/kit/detections.ts';
import { createFillLight } from './fill-light.ts';

/** Returns when the screen light switches. `seconds`: the face's luma in each second; null: nobody. */
function lit(seconds: readonly (number | null)[], judged = (_: number) => false): string[] {
  const switched: string[] = [];
  let at = 0;
  const fill = createFillLight(
    (on) => switched.push(`${on ? 'on' : 'off'}@${Math.floor(at / 1000)}`),
    () => judged(at),
  );
  for (const brightness of seconds)
    for (let i = 0; i < 10; i++, at += 100) {
      const one = brightness === null ? null : face();
      fill.seen(detection(at, one ? [one] : [], sample(one, brightness === null ? {} : { brightness })));
    }
  return switched;
}

it('lights a face that stays dark, stays on while that face is bright, and goes off once it has left', () => {
  expect(lit([40, 40, 120, 120, 40, 120, null, null, null, null, null, null])).toEqual(['on@0', 'off@10']);
});

it('ignores a lit face, and one that is dark for a moment', () => {
  expect(lit([120, 90, 120])).toEqual([]);
  const switched: boolean[] = [];
  const fill = createFillLight(
    (on) => switched.push(on),
    () => false,
  );
  const one = face();
  for (let at = 0; at < 5_000; at += 100)
    fill.seen(detection(at, [one], sample(one, { brightness: at % 1_000 < 500 ? 30 : 120 })));
  expect(switched).toEqual([]);
});

it('changes at most twice in five seconds, whatever the light does: it can’t flash', () => {
  const switched = lit(Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 20 : i % 4 === 1 ? 250 : null)));
  expect(switched.length).toBeLessThanOrEqual(2);
});

it('switches neither on nor off during a liveness check', () => {
  expect(lit([40, 40, 40, 40], (at) => at < 2_000)).toEqual(['on@2']);
  expect(lit([40, 40, null, null, null, null, null, null, null], (at) => at >= 2_000)).toEqual(['on@0']);
});
