import { describe, expect, it } from 'vitest';
import type { Box, RgbImage } from '../rules/image.ts';
import { FACE_BOX_NODE } from '../rules/manifest.ts';
import { createDetector } from './detector.ts';

/** Scripted answers of the model, one per pass: boxes as shares of what it was shown, with their scores. */
type Answer = { box: Box; score: number }[];

/** Tests the order of passes with a model that gives scripted answers. Real weights have their own tests. */
function scripted(answers: Answer[]) {
  const shown: Float32Array[] = [];
  const detect = createDetector({
    weight: FACE_BOX_NODE,
    async run(input) {
      shown.push(input.slice());
      const scores = new Float32Array(2 * 4420);
      const boxes = new Float32Array(4 * 4420);
      for (const [i, { box, score }] of (answers.shift() ?? []).entries()) {
        scores[2 * i + 1] = score;
        boxes.set([box[0], box[1], box[0] + box[2], box[1] + box[3]], 4 * i);
      }
      return { scores, boxes };
    },
    close: async () => undefined,
  });
  return { detect, shown };
}

function grey(width: number, height: number, from = 0, to = 255): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = from + (Math.floor(i / 3) % (to - from + 1));
  return { width, height, data };
}
const expectBox = (box: Box, expected: Box) => {
  box.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 3);
  });
};

describe('passes of the detector', () => {
  it('end after the first if its faces are certain', async () => {
    const { detect, shown } = scripted([[{ box: [0.3, 0.3, 0.2, 0.3], score: 0.999 }]]);
    const [face] = await detect(grey(400, 200));
    expectBox(face!.box, [120, 60, 80, 60]);
    expect(shown).toHaveLength(1);
  });

  /** Converts a box in the picture to one in the picture with a border. */
  const within = (border: number, [x, y, w, h]: Box): Box => {
    const side = 1 + 2 * border;
    return [(x + border) / side, (y + border) / side, w / side, h / side];
  };

  it.each([
    ['touches an edge', { box: [0, 0.2, 0.2, 0.3] as Box, score: 0.97 }],
    ['fills over 35 % of the height', { box: [0.2, 0.3, 0.4, 0.4] as Box, score: 0.985 }],
    ['is not sure', { box: [0.3, 0.3, 0.2, 0.3] as Box, score: 0.97 }],
  ])('run again with two borders if a face %s, and keep its best box', async (_name, first) => {
    const better: Box = [first.box[0] + 0.02, ...(first.box.slice(1) as [number, number, number])];
    const { detect, shown } = scripted([
      [first],
      [{ box: within(0.3, better), score: 0.99 }],
      [{ box: within(0.8, first.box), score: 0.7 }],
    ]);
    const faces = await detect(grey(400, 200));
    expect(faces).toHaveLength(1);
    expectBox(faces[0]!.box, [better[0] * 400, better[1] * 200, better[2] * 400, better[3] * 200]);
    expect(shown).toHaveLength(3);
    for (const bordered of shown.slice(1)) expect(bordered[0]).toBeCloseTo(-127 / 128, 5);
  });

  it('keep a face that is lost with borders, and a certain one beside it, largest first', async () => {
    const edge = { box: [0, 0.2, 0.2, 0.3] as Box, score: 0.99 };
    const middle = { box: [0.5, 0.3, 0.3, 0.4] as Box, score: 0.99 };
    const { detect } = scripted([[edge, middle], [], []]);
    expect((await detect(grey(400, 200))).map((f) => Math.round(f.box[0]))).toEqual([200, 0]);
  });

  it('stretch a dark picture to the full range in further passes', async () => {
    const found = { box: [0.4, 0.4, 0.2, 0.2] as Box, score: 0.8 };
    const { detect, shown } = scripted([[], [found], []]);
    expect(await detect(grey(400, 200, 3, 40))).toHaveLength(1);
    const brightest = (input: Float32Array) => input.reduce((most, v) => Math.max(most, v), -2);
    expect(brightest(shown[0]!)).toBeLessThan(-0.6);
    expect(brightest(shown[1]!)).toBeGreaterThan(0.8);
  });

  it('try the softened picture if all other passes find nothing, and accept only certain faces', async () => {
    const face = (score: number) => ({ box: [0.4, 0.4, 0.2, 0.2] as Box, score });
    const { detect, shown } = scripted([[], [], [], [face(0.95), face(0.7)]]);
    const chequered = grey(40, 30);
    chequered.data.forEach((_, i) => {
      const pixel = Math.floor(i / 3);
      chequered.data[i] = (pixel + Math.floor(pixel / 40)) % 2 ? 255 : 0;
    });
    expect(await detect(chequered)).toHaveLength(1);
    const steps = (input: Float32Array) => input.reduce((sum, v, i) => sum + (i ? Math.abs(v - input[i - 1]!) : 0), 0);
    expect(steps(shown[3]!)).toBeLessThan(0.5 * steps(shown[1]!));
    expect(await scripted([[], [], [], [face(0.85)]]).detect(grey(40, 30))).toEqual([]);
  });

  it('accept at most one weak face, the best of all passes, and none weaker', async () => {
    const weak = (x: number, score: number) => ({ box: [x, 0.4, 0.1, 0.2] as Box, score });
    const some = scripted([[weak(0.1, 0.5)], [weak(0.3, 0.45), weak(0.6, 0.55)], [weak(0.4, 0.41)]]);
    expect((await some.detect(grey(400, 200))).map((f) => Number(f.score.toFixed(2)))).toEqual([0.55]);
    const none = scripted([[], [weak(0.3, 0.3)], [weak(0.3, 0.39)]]);
    expect(await none.detect(grey(400, 200))).toEqual([]);
    expect(none.shown).toHaveLength(4);
  });

  it('drop a box inside a better one', async () => {
    const face = { box: [0.3, 0.3, 0.3, 0.4] as Box, score: 0.99 };
    const chin = { box: [0.4, 0.5, 0.1, 0.1] as Box, score: 0.8 };
    expect(await scripted([[chin, face]]).detect(grey(400, 200))).toHaveLength(1);
  });

  it.each([
    [900, 300],
    [300, 900],
  ])('keep the proportions of a %d×%d picture by adding bars', async (width, height) => {
    const { detect, shown } = scripted([[{ box: [0.45, 0.45, 0.1, 0.1], score: 0.999 }]]);
    const [face] = await detect(grey(width, height, 200, 201));
    const [, , w, h] = face!.box;
    expect(w / h).toBeCloseTo(4 / 3, 3);
    expect(shown[0]![0]).toBeCloseTo(-127 / 128, 5);
    expect(shown[0]![120 * 320 + 160]).toBeGreaterThan(0.5);
  });
});
