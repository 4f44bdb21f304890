import { Problem } from '../../../errors/problem.ts';
import type { Actor } from '../../platform/audit/actor.ts';

/** Who asks; it is about them. */
export function self(actor: Actor, about: (people: string[]) => void): string {
  if (actor.role !== 'person' || actor.id === null) throw new Problem('person-unknown');
  about([actor.id]);
  return actor.id;
}
