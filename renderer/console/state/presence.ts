import { type Inside, type KnownAsOf, listPresence } from '../../../sync/protocol/api/presence.ts';
import type { Answer } from '../../shared/web/api.ts';
import { type ReadBy, readAll } from '../../shared/web/resource.tsx';

/** Everybody inside, by name. The server pages them by id, since it has the names only encrypted. */
export interface Presence {
  readonly zone: string;
  readonly now: string;
  readonly kiosks: readonly KnownAsOf[];
  readonly people: readonly Inside[];
}

export async function readPresence(site: string, language: string, by: ReadBy): Promise<Answer<Presence>> {
  const read = await readAll(listPresence, { query: { site }, ...by });
  if (!read.ok) return read;
  const { items, first } = read.value;
  const order = new Intl.Collator(language);
  const people = items.toSorted((a, b) => order.compare(a.name ?? '\uffff', b.name ?? '\uffff'));
  return { ok: true, value: { zone: first.site.timeZone, now: first.now, kiosks: first.kiosks, people } };
}

/** An idle kiosk reports every 20 s. After three missed reports it counts as silent, ms. */
export const IN_CONTACT_MS = 65_000;

export const isSilent = ({ knownAsOf }: KnownAsOf, now: string): boolean =>
  knownAsOf === null || Date.parse(now) - Date.parse(knownAsOf) > IN_CONTACT_MS;
