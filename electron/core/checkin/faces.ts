import { setTimeout } from 'node:timers/promises';
import { Problem } from '../../../sync/errors/problem.ts';
import type { FaceUse } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { OpenKiosk } from '../open-kiosk.ts';
import { faceOff, type Recogniser } from './recogniser.ts';

/**
 * The recogniser, or its stand-in when the models could not be loaded: nobody is turned away by our fault, and nothing is
 * ever recognised by weights that were not verified.
 */
export async function facesOrOff(
  kiosk: OpenKiosk,
  log: CoreOptions['log'],
): Promise<{ readonly recogniser: Recogniser; readonly filled: Promise<number> }> {
  try {
    return await kiosk.openFaces();
  } catch (error) {
    // Problems of the store don't concern faces.
    if (!(error instanceof Problem && error.code.startsWith('model-'))) throw error;
    log('error', 'core: continuing without face recognition', { error });
    return { recogniser: faceOff(error), filled: Promise.resolve(0) };
  }
}

/** How long a core that starts waits for its gallery before it serves without faces, ms: a thousand people take no longer. */
const HEAD_START_MS = 200;

/**
 * Until everybody is in the gallery no face is looked for, and every other way in is open.
 *
 * @param then called when faces are used from now on, or are not because the gallery could not be filled
 * @returns why no face is used; null: faces are used
 * @throws what keeps the gallery from being filled, where that is known at once
 */
export async function whileFilling(
  filled: Promise<number>,
  log: CoreOptions['log'],
  then: () => void,
): Promise<() => Problem | null> {
  let off: Problem | null = new Problem('faces-loading');
  const done = filled.then((unfit) => {
    off = null;
    logUnfit(unfit, log);
  });
  await Promise.race([done, setTimeout(HEAD_START_MS)]);
  if (off)
    done
      .catch((error: unknown) => {
        // The core is closing, which is not a problem.
        if (error instanceof Error && error.name === 'AbortError') return;
        off = error instanceof Problem ? error : new Problem('internal');
        log('error', 'core: continuing without face recognition', { error });
      })
      .then(then);
  return () => off;
}

/** Says how many templates were left out, when there were any. */
export function logUnfit(templates: number, log: CoreOptions['log']): void {
  if (templates > 0) log('warn', 'core: templates that are not valid embeddings were skipped', { templates });
}

/** How faces are used now, as sent to screens. */
export function faceUse({ off, tooManyPeople }: Recogniser): FaceUse {
  if (off) return { use: 'off', code: off.code, nextStep: off.nextStep };
  return { use: tooManyPeople() ? 'with-number' : 'alone' };
}
