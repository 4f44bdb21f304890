import type { PersonRow } from '../../contract/methods.ts';
import type { Person } from '../store/interface.ts';

/** A person as staff is shown one. */
export const personRow = ({ id, name, number, templates, hasPin, cards, enrolledAt }: Person): PersonRow => ({
  id,
  name,
  number,
  templates,
  hasPin,
  cards,
  enrolledAt,
});
