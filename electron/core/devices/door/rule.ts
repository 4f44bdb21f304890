import type { Open } from '../../../../sync/protocol/wire/event.ts';
import type { Door } from '../config.ts';

/** How a person has just been admitted. */
export type Admission = Pick<Open<'checkin'>, 'method' | 'liveness' | 'direction'>;

/**
 * Returns whether the door opens for an admission. A face alone is never enough unless the site's configuration allows it.
 * Neither is a face with a number, which is no secret, unless the configuration lists that method.
 */
export function opensDoor({ method, liveness, direction }: Admission, door: Rule): boolean {
  if (!door.directions.includes(direction)) return false;
  if (method !== 'face' && door.openFor.includes(method)) return true;
  if (method !== 'face' && method !== 'number+face') return false;
  if (door.faceAlone === 'always') return true;
  return door.faceAlone === 'with-liveness' && liveness === 'passed';
}

type Rule = Pick<Door, 'directions' | 'openFor' | 'faceAlone'>;
