import { expect, it } from 'vitest';
import { detection, face, sample } from '../../test/kit/detections.ts';
import { type ExposureTrack, followFace } from './exposure.ts';

const ALL = {
  exposureMode: ['manual', 'continuous'],
  exposureCompensation: { min: -2, max: 2, step: 1 / 6 },
};

/** A camera that shows a face brighter the more it exposes. */
function camera(
  can: object,
  o: { ev?: number; obeys?: boolean; manual?: boolean; rejects?: boolean; says?: boolean } = {},
) {
  const { ev = 30, obeys = true, manual = false, rejects = false, says = true } = o;
  const asked: Record<string, unknown>[] = [];
  let now = { exposureMode: 'manual', exposureCompensation: 0 };
  const track: ExposureTrack = {
    getCapabilities: () => can,
    getSettings: () => (says ? { ...now } : {}),
    async applyConstraints({ advanced: [wanted] }) {
      asked.push({ ...wanted });
      if (rejects) throw new DOMException('no', 'OverconstrainedError');
      if (obeys) now = { ...now, ...wanted, ...(manual && { exposureMode: 'manual' }) };
    },
  };
  return { track, asked, brightness: (unexposed: number) => unexposed + ev * now.exposureCompensation };
}

/** Sends frames of a face for this many seconds. */
async function follow(of: ReturnType<typeof camera>, unexposed: number, seconds = 12, judged = false) {
  const exposure = followFace(of.track, () => judged);
  await frames(exposure, of, unexposed, seconds);
  return exposure;
}
async function frames(
  exposure: ReturnType<typeof followFace>,
  of: ReturnType<typeof camera>,
  unexposed: number,
  seconds: number,
  from = 0,
) {
  const one = face();
  for (let at = from; at < from + seconds * 1000; at += 100) {
    exposure.seen(detection(at, [one], sample(one, { brightness: of.brightness(unexposed) })));
    await Promise.resolve();
    await Promise.resolve();
  }
}

it('exposes a dark face more until it is bright enough, and reads back what the camera has set', async () => {
  const dark = camera(ALL);
  const exposure = await follow(dark, 60);
  expect(dark.asked[0]).toMatchObject({ exposureMode: 'continuous', exposureCompensation: 1 / 3 });
  expect(exposure.state.value).toMatchObject({ mode: 'continuous', atFace: true, refused: null });
  expect(dark.brightness(60)).toBeGreaterThanOrEqual(85);
  // It goes no further than needed, and leaves a well-lit face alone.
  expect(dark.brightness(60)).toBeLessThan(100);
  const settled = dark.asked.length;
  await frames(exposure, dark, 60, 10, 20_000);
  expect(dark.asked).toHaveLength(settled);
});

it('exposes an overlit face less, and never beyond the camera’s range', async () => {
  const glaring = camera(ALL);
  await follow(glaring, 210);
  expect(glaring.brightness(210)).toBeLessThanOrEqual(185);
  const night = camera(ALL, { ev: 1 });
  const exposure = await follow(night, 10, 30);
  expect(exposure.state.value.compensation).toBe(2);
});

it('changes the exposure at most every 0.7 s, and only once for a well-lit face', async () => {
  const lit = camera(ALL);
  await follow(lit, 120);
  expect(lit.asked).toHaveLength(1);
  const dark = camera(ALL, { ev: 1 });
  await follow(dark, 10, 2);
  expect(dark.asked.length).toBeLessThanOrEqual(3);
});

it('restores the setting when the face has left: the next one may be in the sun', async () => {
  const dark = camera(ALL);
  const exposure = await follow(dark, 20);
  expect(exposure.state.value.compensation).toBeGreaterThan(1);
  const asked = dark.asked.length;
  const nobody = async (from: number, to: number) => {
    for (let at = from; at < to; at += 100) {
      exposure.seen(detection(at, [], null));
      await Promise.resolve();
    }
  };
  await nobody(12_000, 16_500);
  expect(dark.asked).toHaveLength(asked);
  await nobody(16_500, 40_000);
  expect(dark.asked.slice(asked)).toEqual([{ exposureMode: 'continuous', exposureCompensation: 0 }]);
  expect(exposure.state.value).toMatchObject({ compensation: 0, atFace: false });
  await frames(exposure, dark, 120, 1, 40_000);
  expect(exposure.state.value.atFace).toBe(true);
});

it.each([
  ['offers nothing', camera({}), { offers: [], refused: null }, 0],
  ['rejects it', camera(ALL, { rejects: true }), { refused: 'OverconstrainedError', atFace: false }, 1],
  ['does not do it', camera(ALL, { obeys: false }), { refused: 'ignored', compensation: 0 }, 1],
  ['stays in another mode', camera(ALL, { manual: true }), { refused: 'ignored', mode: 'manual', atFace: false }, 1],
  ['does not say how it is set', camera(ALL, { says: false }), { refused: 'ignored', compensation: null }, 1],
])('reports a camera that %s, and makes no more changes', async (_, of, expected, asks) => {
  const exposure = await follow(of, 40, 20);
  expect(exposure.state.value).toMatchObject(expected);
  expect(of.asked).toHaveLength(asks);
});

it('changes nothing during a liveness check, which depends on the light', async () => {
  const dark = camera(ALL);
  await follow(dark, 60, 12, true);
  expect(dark.asked).toEqual([]);
});
