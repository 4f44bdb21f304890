import type { PersonRow } from '../../contract/methods.ts';
import type { Person } from '../store/interface.ts';

export const personRow = ({ id, name, number, templates, hasPin, cards, enrolledAt }: Person): PersonRow => ({
  id,
  name,
  number,
  templates,
  hasPin,
  cards,
  enrolledAt,
});
