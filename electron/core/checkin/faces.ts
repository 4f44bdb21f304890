import { Problem } from '../../../sync/errors/problem.ts';
import type { FaceUse } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { OpenKiosk } from '../open-kiosk.ts';
import { faceOff, type Recogniser } from './recogniser.ts';

/**
 * The recogniser, or its stand-in when the models could not be loaded: nobody is turned away by our fault, and nothing is
 * ever recognised by weights that were not verified.
 */
export async function facesOrOff(kiosk: OpenKiosk, log: CoreOptions['log']): Promise<Recogniser> {
  try {
    const { recogniser, unfit } = await kiosk.faces();
    logUnfit(unfit, log);
    return recogniser;
  } catch (error) {
    // What is wrong with the store is no matter of faces.
    if (!(error instanceof Problem && error.code.startsWith('model-'))) throw error;
    log('error', 'core: goes on without face recognition', { error });
    return faceOff(error);
  }
}

/** Says how many templates were left out, when there were any. */
export function logUnfit(templates: number, log: CoreOptions['log']): void {
  if (templates > 0) log('warn', 'core: templates that are no embeddings are left out', { templates });
}

/** How faces are used now, as sent to screens. */
export function faceUse({ off, tooManyPeople }: Recogniser): FaceUse {
  if (off) return { use: 'off', code: off.code, nextStep: off.nextStep };
  return { use: tooManyPeople() ? 'with-number' : 'alone' };
}
