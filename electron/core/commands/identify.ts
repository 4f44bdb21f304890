import { z } from 'zod';
import { decodePicture } from '../../../models/node/decode.ts';
import type { Demands } from '../checkin/recogniser.ts';
import { type CommandContext, storeCommand } from '../command.ts';
import { codeOf, messageOf } from './error-text.ts';
import { inOrder, PICTURES_AT_ONCE } from './in-order.ts';

/** Most files of one request. With their names, they stay well below the longest request line of the control socket. */
export const MAX_IDENTIFY_FILES = 512;

const Args = z.strictObject({
  /** Absolute paths (the core has its own working folder), and the names used in the output. */
  files: z
    .array(z.strictObject({ path: z.string().min(1), name: z.string() }))
    .min(1)
    .max(MAX_IDENTIFY_FILES),
  /** Largest number of people for which 1:N counts as calibrated, for this run only; null for the site's number. */
  calibratedPeople: z.number().int().min(1).max(10_000_000).nullable(),
});

/** One line of `faces identify` output, with its keys in the documented order. */
type IdentityLine =
  | {
      readonly file: string;
      readonly person: { readonly id: string; readonly name: string } | null;
      readonly score: number | null;
      readonly second: number | null;
      readonly threshold: number | null;
      readonly gallery: number;
      /** `accept`, `uncertain`, `unknown`, `too-many-people` (Decision.kind), or `no-face`. */
      readonly reason: string;
    }
  | { readonly file: string; readonly error: { readonly code: string; readonly message: string } };

/**
 * `faces identify FILE…`: reports the person the kiosk's own decision code would recognise in the largest face. One line per
 * file, in input order. Quality is not enforced. Exit code 0 if every file got a line.
 */
export const identifyFaces = storeCommand({
  name: 'faces-identify',
  args: Args,
  async run(context, { files, calibratedPeople }, output) {
    const identify = await identifier(context, calibratedPeople === null ? {} : { calibratedPeople });
    let done = 0;
    for await (const line of inOrder(files, PICTURES_AT_ONCE, identify)) {
      output.line(line);
      output.progress(++done, files.length, 'pictures');
      if (output.signal?.aborted) break;
    }
    return 0;
  },
});

async function identifier(
  context: CommandContext,
  policy: Demands,
): Promise<(picture: { path: string; name: string }) => Promise<IdentityLine>> {
  const { pipeline, recogniser } = await context.faces();
  return async ({ path, name: file }) => {
    try {
      const image = await decodePicture(path);
      const [face] = await pipeline.detect(image);
      if (!face) {
        const gallery = recogniser.gallery.people;
        return { file, person: null, score: null, second: null, threshold: null, gallery, reason: 'no-face' };
      }
      const shape = await pipeline.shape(image, face.box);
      const { match, decision } = recogniser.search(await recogniser.embed(image, shape), policy);
      const person = decision.kind === 'accept' && match.best ? context.store.people.get(match.best.person) : null;
      return {
        file,
        person: person ? { id: person.id, name: person.name } : null,
        score: match.best?.score ?? null,
        second: match.second?.score ?? null,
        threshold: decision.threshold,
        gallery: match.people,
        reason: decision.kind,
      };
    } catch (cause) {
      return { file, error: { code: codeOf(cause, 'internal'), message: messageOf(cause) } };
    }
  };
}
