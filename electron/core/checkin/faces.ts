import { setTimeout } from 'node:timers/promises';
import { Problem } from '../../../sync/errors/problem.ts';
import type { FaceUse } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { OpenKiosk } from '../open-kiosk.ts';
import { faceOff, type Recogniser } from './recogniser.ts';

/**
 * Returns the recogniser, or its replacement if the models could not be loaded: nobody is turned away because of our fault, and
 * nothing is ever recognised by weights that were not verified.
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

/** How long a starting core waits for its gallery before it serves without faces, ms. Enough for a thousand people. */
const HEAD_START_MS = 200;

/**
 * Keeps faces off until everyone is in the gallery; all other check-in methods work meanwhile.
 *
 * @param then called when faces are used from now on, or can't be because filling the gallery failed
 * @returns a function that says why faces are not used; null if they are
 * @throws the error that keeps the gallery from being filled, if it is known immediately
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
        // The core is closing, which is not an error.
        if (error instanceof Error && error.name === 'AbortError') return;
        off = error instanceof Problem ? error : new Problem('internal');
        log('error', 'core: continuing without face recognition', { error });
      })
      .then(then);
  return () => off;
}

/** Logs how many templates were left out, if any. */
export function logUnfit(templates: number, log: CoreOptions['log']): void {
  if (templates > 0) log('warn', 'core: templates that are not valid embeddings were skipped', { templates });
}

/** Returns how faces are currently used, as sent to screens. */
export function faceUse({ off, tooManyPeople }: Recogniser): FaceUse {
  if (off) return { use: 'off', code: off.code, nextStep: off.nextStep };
  return { use: tooManyPeople() ? 'with-number' : 'alone' };
}
