import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gaussian, lightAt, litPicture, observation, seeded, timesOf } from '../../../../test/liveness/heads.ts';
import { FR_FEATURE } from '../../decision.ts';
import type { RgbImage } from '../../image.ts';
import { judgeLight, type LightAnswer, type LitSample } from './answer.ts';
import { FACE_REGIONS, measureRegions, type Region, type RegionLight } from './regions.ts';
import { COLOURS, drawSequence, type Light, lightOf, type Shade } from './sequence.ts';
import { type LightState, startLight } from './session.ts';

/** Ambient light reflected by each region, and its response to a white screen as a share of that. */
interface Made {
  readonly own?: Partial<Record<Region, Light>>;
  readonly share?: (region: Region) => number;
  /** Reflected regardless of the region's own colour, as by glass. */
  readonly glare?: (region: Region) => number;
  readonly lag?: number;
  readonly noise?: number;
  /** Colours that light it instead of those shown. */
  readonly by?: readonly Shade[];
  readonly exposure?: (at: number) => number;
  readonly seed?: number;
}

const SKIN: Light = [0.4, 0.25, 0.18];
const WALL: Light = [0.3, 0.3, 0.28];
const LAMP: Light = [0.9, 0.9, 0.9];
const isFace = (region: Region): boolean => (FACE_REGIONS as readonly string[]).includes(region);
/** A head in front of a distant wall. */
const head = (region: Region): number => (isFace(region) ? 0.2 : 0.01);

/** Eight synthetic samples per second. */
function samplesOf(sequence: readonly Shade[], made: Made): LitSample[] {
  const { own = {}, share = head, glare = () => 0, lag = 120, noise = 0.003, by = sequence, exposure = () => 1 } = made;
  const random = seeded(made.seed ?? 5);
  const end = timesOf(sequence).at(-1)! + sequence.at(-1)!.ms + 200;
  const samples: LitSample[] = [];
  for (let at = 250; at <= end; at += 125) {
    const light = lightAt(by, at - lag);
    const of = (region: Region): Light =>
      (own[region] ?? (isFace(region) ? SKIN : WALL)).map((level, c) => {
        const seen = level * (1 + share(region) * light[c]!) + glare(region) * light[c]!;
        return seen * exposure(at) * (1 + noise * gaussian(random));
      }) as unknown as Light;
    const names: readonly Region[] = [...FACE_REGIONS, 'corner-left', 'corner-right'];
    samples.push({ at, regions: Object.fromEntries(names.map((name) => [name, of(name)])) as RegionLight });
  }
  return samples;
}

const judge = (made: Made, sequence = drawSequence(seeded(made.seed ?? 5))): LightAnswer =>
  judgeLight(sequence, timesOf(sequence), samplesOf(sequence, made));

describe('a sequence', () => {
  const luminance = ([red, green, blue]: Light): number => 0.2126 * red + 0.7152 * green + 0.0722 * blue;

  test('never flashes (WCAG 2.3.1): no two colours differ by a tenth of luminance, none is a saturated red', () => {
    for (const one of COLOURS) {
      const [red, green, blue] = lightOf(one);
      expect(red / (red + green + blue)).toBeLessThan(0.8);
      for (const other of COLOURS) {
        expect(Math.abs(luminance(lightOf(one)) - luminance(lightOf(other)))).toBeLessThan(0.1);
      }
    }
  });

  test('changes fewer than six times per second (three flashes), always to another colour, and lasts four seconds', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (draws) => {
        const sequence = drawSequence(() => draws.next().value!);
        for (const [i, { colour, ms }] of sequence.entries()) {
          expect(ms).toBeGreaterThanOrEqual(400);
          expect(colour).not.toBe(sequence[i - 1]?.colour);
        }
        const lasts = timesOf(sequence).at(-1)! + sequence.at(-1)!.ms;
        expect(lasts <= 4_300).toBe(true);
      }),
    );
  });

  test('has uniform probability: four choices for the first colour, three for each later one', () => {
    const random = seeded(2);
    const drawn = Array.from({ length: 4_000 }, () => drawSequence(random).map(({ colour }) => colour));
    for (const at of [1, 6]) {
      const pairs = Object.values(Object.groupBy(drawn, (colours) => `${colours[at - 1]} ${colours[at]}`));
      expect(pairs).toHaveLength(12);
      for (const those of pairs) expect(Math.abs(those!.length - 4_000 / 12)).toBeLessThan(80);
    }
  });
});

describe('a face', () => {
  test('lit by the screen has answered, whatever its skin, position, camera and ambient light', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0.08, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 300 }),
        fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.02, max: 0.8, noNaN: true }))),
        (seed, light, lag, skin) => {
          const own = Object.fromEntries(FACE_REGIONS.map((region) => [region, skin as unknown as Light]));
          const share = (region: Region) => light * (region === 'nose' ? 1 : head(region) * 4);
          expect(judge({ seed, lag, own, share })).toBe('answered');
        },
      ),
    );
  });

  test('has also answered if the camera changes its exposure', () => {
    expect(judge({ exposure: (at) => 1 + 0.4 * Math.sin(at / 300) })).toBe('answered');
  });

  test('whose response is drowned by ambient light is silent', () => {
    expect(judge({ share: () => 0 })).toBe('silent');
    expect(judge({ share: (region) => 0.02 * head(region) })).toBe('silent');
    // This faint, a wrong answer may be chance.
    expect(judge({ share: (region) => 0.1 * head(region), lag: 600, noise: 0.0005 })).toBe('silent');
  });

  test('that responds later than a camera’s delay is late', () => {
    for (const lag of [480, 600, 800]) expect(judge({ lag }), String(lag)).toBe('late');
  });

  test('lit by another sequence shows other colours, except in a few percent', () => {
    const answers = Array.from({ length: 300 }, (_, seed) =>
      judge({ seed, by: drawSequence(seeded(9_000 + seed)), share: (region) => 3 * head(region) }),
    );
    expect(answers.filter((answer) => answer === 'other').length).toBeGreaterThan(270);
    expect(answers.filter((answer) => answer === 'answered').length).toBeLessThan(10);
  });

  test('with a background that responds like it is flat: a print, or a pane that reflects everywhere', () => {
    expect(judge({ share: () => 0.2 })).toBe('flat');
    expect(judge({ share: () => 0, glare: () => 0.05 })).toBe('flat');
    expect(judge({ share: () => 0, glare: (region) => (region === 'corner-right' ? 0 : 0.05) })).toBe('flat');
    const white: Light = [0.55, 0.55, 0.55];
    const own = { 'corner-left': white, 'corner-right': white };
    expect(judge({ share: () => 0, glare: () => 0.05, own })).toBe('flat');
  });

  test('in front of a bright window or white wall is not flat, even with dark skin, if little of the screen’s light gets there', () => {
    expect(judge({ own: { 'corner-left': LAMP, 'corner-right': LAMP } })).toBe('answered');
    const dark = Object.fromEntries(FACE_REGIONS.map((region) => [region, [0.05, 0.03, 0.02] as const]));
    const share = (region: Region) => (isFace(region) ? 0.2 : 0.04);
    expect(judge({ own: { ...dark, 'corner-left': LAMP, 'corner-right': LAMP }, share })).toBe('answered');
  });

  test('that responds only in parts is uneven: a pane that reflects from a spot', () => {
    const spot: readonly Region[] = ['nose', 'left-cheek', 'chin'];
    expect(judge({ share: () => 0, glare: (region) => (spot.includes(region) ? 0.08 : 0) })).toBe('uneven');
  });

  test('is judged for any numbers, and NaN never counts as answered', () => {
    const level = fc.double({ min: 0, max: 4 });
    const light = fc.tuple(level, level, level);
    const region = fc.record({
      forehead: light,
      'right-cheek': light,
      'left-cheek': light,
      nose: light,
      chin: light,
      'corner-left': light,
      'corner-right': light,
    });
    fc.assert(
      fc.property(fc.integer(), fc.array(region, { minLength: 12, maxLength: 40 }), (seed, regions) => {
        const sequence = drawSequence(seeded(seed));
        const samples = regions.map((one, i) => ({ at: 250 + i * 100, regions: one }));
        const answer = judgeLight(sequence, timesOf(sequence), samples);
        const whole = regions.every((one) => FACE_REGIONS.every((name) => one[name].every((v) => v >= 0)));
        if (!whole) expect(answer).not.toBe('answered');
      }),
    );
  });
});

describe('the regions of a face', () => {
  test('are measured in linear light, each in its place; the corners are the picture’s', () => {
    const picture: RgbImage = { width: 640, height: 480, data: new Uint8Array(640 * 480 * 3).fill(20) };
    const { landmarks } = observation({ yaw: 0, at: 0 }, seeded(1), 0);
    const paint = (x: number, y: number, side: number, colour: readonly number[]): void => {
      for (let v = y - side; v < y + side; v++)
        for (let u = x - side; u < x + side; u++) picture.data.set(colour, (Math.round(v) * 640 + Math.round(u)) * 3);
    };
    paint(...(landmarks[30]!.map(Math.round) as [number, number]), 30, [255, 128, 0]);
    paint(20, 20, 20, [0, 0, 255]);
    const found = measureRegions(picture, landmarks)!;
    expect(found.nose[0]).toBeCloseTo(1, 2);
    expect(found.nose[1]).toBeCloseTo(0.2158, 2);
    expect(found.forehead[0]).toBeCloseTo(0.007, 3);
    expect(found['corner-left'][2]).toBeGreaterThan(0.4);
    expect(found['corner-right'][2]).toBeCloseTo(0.007, 3);
  });

  test('outside the picture are not measured', () => {
    const { landmarks } = observation({ yaw: 0, at: 0 }, seeded(1), 0);
    const picture = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
    expect(measureRegions(picture, landmarks)).toBeNull();
  });
});

describe('a session', () => {
  const sequence = drawSequence(seeded(4));
  const times = timesOf(sequence);
  interface Run {
    readonly lit?: boolean;
    readonly every?: number;
    readonly likeness?: (i: number) => number;
    readonly yaw?: number;
    readonly shown?: (at: number) => readonly number[];
    readonly until?: number;
  }
  const run = ({ lit = true, every = 200, likeness = () => 1, yaw = 0, shown, until = 12_000 }: Run): LightState => {
    const session = startLight(sequence, FR_FEATURE);
    const random = seeded(1);
    let state: LightState = { state: 'going' };
    for (let at = 0, i = 0; at < until && state.state === 'going'; at += every, i++) {
      state = session.observe({
        ...observation({ yaw, at }, random),
        likeness: likeness(i),
        picture: litPicture(lit ? lightAt(sequence, at - 100) : [0, 0, 0]),
        shown: shown?.(at) ?? times.filter((from) => from <= at),
      });
    }
    return state;
  };

  test('ends with the verdict on the whole sequence, and not before', () => {
    expect(run({})).toEqual({ state: 'done', answer: 'answered' });
    expect(run({ lit: false })).toEqual({ state: 'done', answer: 'silent' });
    expect(run({ until: times.at(-1)! + sequence.at(-1)!.ms })).toEqual({ state: 'going' });
  });

  test('fails if the face is another person’s in four samples, is turned away, or comes with gaps', () => {
    expect(run({ likeness: (i) => (i % 3 === 2 ? 0.1 : 1) })).toEqual({ state: 'failed', reason: 'another-person' });
    expect(run({ likeness: () => Number.NaN })).toEqual({ state: 'failed', reason: 'another-person' });
    expect(run({ yaw: 30 })).toEqual({ state: 'failed', reason: 'interrupted' });
    expect(run({ every: 750 })).toEqual({ state: 'failed', reason: 'interrupted' });
  });

  test('fails if the screen stops halfway, or if time runs backwards', () => {
    expect(run({ shown: (at) => times.slice(0, 3).filter((from) => from <= at) })).toMatchObject({ state: 'failed' });
    expect(run({ every: -1, until: 1 })).toMatchObject({ state: 'failed', reason: 'interrupted' });
  });

  test('is silent if the face never comes close enough for the colours to start', () => {
    expect(run({ shown: () => [] })).toEqual({ state: 'done', answer: 'silent' });
  });
});
