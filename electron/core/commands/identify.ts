import { z } from 'zod';
import { decodePicture } from '../../../models/node/decode.ts';
import { IMPORT_QUALITY } from '../../../models/rules/quality.ts';
import { storeCommand } from './command.ts';

/**
 * `faces identify FILE…`: whom the kiosk's own decision code would take the largest face for. A line a file, in input
 * order; quality is not enforced. Exit code 0 when every file got a line.
 */
export const identifyFaces = storeCommand({
  name: 'faces-identify',
  /** `files` are absolute (the core has its own working folder); `names` are what the lines call them. */
  args: z.strictObject({ files: z.array(z.string()).min(1), names: z.array(z.string()) }),
  async run(context, { files, names }, output) {
    const { pipeline, recogniser } = await context.faces();
    for (const [index, path] of files.entries()) {
      const file = names[index] ?? path;
      try {
        const image = await decodePicture(path);
        const [face] = await pipeline.detect(image);
        if (!face) {
          output.line({
            file,
            person: null,
            score: null,
            second: null,
            threshold: null,
            gallery: recogniser.gallery.people,
            reason: 'no-face',
          });
        } else {
          const { shape } = await recogniser.inspect(image, face.box, IMPORT_QUALITY);
          const { match, decision } = await recogniser.recognise(image, shape);
          const person = decision.kind === 'accept' && match.best ? context.store.person(match.best.person) : null;
          output.line({
            file,
            person: person ? { id: person.id, name: person.name } : null,
            score: match.best?.score ?? null,
            second: match.second?.score ?? null,
            threshold: decision.threshold,
            gallery: match.people,
            reason: decision.kind,
          });
        }
      } catch (cause) {
        const code =
          cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
            ? cause.code
            : 'picture-unreadable';
        output.line({ file, error: { code, message: cause instanceof Error ? cause.message : String(cause) } });
      }
      output.progress(index + 1, files.length, 'pictures');
    }
    return 0;
  },
});
