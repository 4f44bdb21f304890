import { Problem } from '../../../sync/errors/problem.ts';
import type { Arrival } from '../../contract/methods.ts';
import type { CoreOptions } from '../interface.ts';
import type { CredentialCheckin } from './service.ts';

/**
 * Handles text read by a reader at the kiosk and pushes the outcome to the screen.
 *
 * @returns the handler of a reader's text; it never rejects
 */
export function createArrivals(
  credentials: Pick<CredentialCheckin, 'read'>,
  push: (arrival: Arrival) => void,
  log: CoreOptions['log'],
): (text: string) => Promise<void> {
  return async (text) => {
    try {
      push(await credentials.read(text));
    } catch (error) {
      const code = error instanceof Problem ? error.code : 'internal';
      if (code === 'internal') log('error', 'a badge or code could not be processed', { error });
      const seconds = error instanceof Problem ? error.params.seconds : undefined;
      push({ kind: 'refused', code, ...(typeof seconds === 'number' && { seconds }) });
    }
  };
}
