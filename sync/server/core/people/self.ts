import type { Actor } from '../../platform/audit/actor.ts';
import { personUnknown } from './living.ts';

/** Who asks; it is about them. */
export function self(actor: Actor, about: (people: string[]) => void): string {
  if (actor.role !== 'person' || actor.id === null) throw personUnknown();
  about([actor.id]);
  return actor.id;
}
