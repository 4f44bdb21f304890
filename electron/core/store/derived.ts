import type { CardTemplateValue, TemplateValue, WireEvent } from '../../../sync/protocol/wire/event.ts';
import type { Salted } from './events.ts';
import { canonicalText } from './header.ts';
import type { Template } from './interface.ts';

/**
 * Event values that the store also has elsewhere: a template event's vectors are in the template rows, a card's templates in a
 * row of their own, and the key of a photo's file follows from the person's. The event's encrypted value keeps only their salt
 * and what finds them. The value is reassembled when the event is sent or checked, and no longer exists once those rows are
 * deleted. The commitment is kept.
 */
const DERIVED: ReadonlySet<string> = new Set(['templates', 'photoKey', 'card']);

/** Where the values are found. Each returns null for a value that was deleted. */
export interface Sources {
  template(id: string): Template | null;
  /** The templates that this card opens, encrypted. */
  card(id: string): CardTemplateValue | null;
  /** Key of the file of this event's photo, unpadded base64url. */
  photoKey(): string | null;
}

/** Encodes a template for the wire: little-endian float32 as base64url. */
export function templateValue({ id, pose, embedding }: Omit<Template, 'person' | 'model'>): TemplateValue {
  const bytes = Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength);
  return { id, pose, vector: bytes.toString('base64url') };
}

/** Decodes the embedding. A copy, because a Float32Array must start at a multiple of 4. */
export function vectorOf({ vector }: Pick<TemplateValue, 'vector'>): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(vector, 'base64url')).buffer);
}

/** Returns what is encrypted into the event's row. */
export function toStored(salted: readonly Salted[]): readonly Salted[] {
  if (!salted.some(({ field }) => DERIVED.has(field))) return salted;
  return salted.map((one) => {
    if (one.field === 'photoKey') return { ...one, text: 'null' };
    if (one.field === 'card') return { ...one, text: canonicalText((JSON.parse(one.text) as CardTemplateValue).id) };
    if (one.field !== 'templates') return one;
    const templates = JSON.parse(one.text) as Partial<TemplateValue>[];
    // Removed templates have only their ids: nothing to look up later.
    if (!templates.every(({ vector }) => vector !== undefined)) return one;
    return { ...one, text: canonicalText(templates.map(({ id }) => id)) };
  });
}

/** Restores the values that were committed to, except those that were deleted. */
export function fromStored(stored: readonly Salted[], sources: Sources): Salted[] {
  return stored.flatMap((one) => {
    if (one.field === 'photoKey') {
      const key = sources.photoKey();
      return key === null ? [] : [{ ...one, text: `"${key}"` }];
    }
    if (one.field === 'card') {
      const card = sources.card(JSON.parse(one.text) as string);
      return card ? [{ ...one, text: canonicalText(card) }] : [];
    }
    if (one.field !== 'templates') return [one];
    const ids = JSON.parse(one.text) as unknown[];
    if (!ids.every((id): id is string => typeof id === 'string')) return [one];
    const templates = ids.map((id) => sources.template(id));
    if (templates.includes(null)) return [];
    return [{ ...one, text: canonicalText(templates.map((template) => templateValue(template!))) }];
  });
}

/** Returns the approximate number of characters an event takes in a batch; limits a page of the outbox. */
export function weightOf({ header, personal }: WireEvent): number {
  let weight = 600 + JSON.stringify(header.open).length;
  for (const { value } of Object.values(personal)) weight += 120 + JSON.stringify(value).length;
  return weight;
}
