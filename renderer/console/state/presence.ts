import { MAX_PAGE } from '../../../sync/protocol/api/page.ts';
import { type Inside, type KnownAsOf, listPresence, type PresencePage } from '../../../sync/protocol/api/presence.ts';
import { type Answer, api } from '../../shared/web/api.ts';

/** Everybody inside, by name: the server pages them by id, since names are sealed there. */
export interface Presence {
  readonly zone: string;
  readonly now: string;
  readonly kiosks: readonly KnownAsOf[];
  readonly people: readonly Inside[];
}

export async function readPresence(site: string, language: string, signal: AbortSignal): Promise<Answer<Presence>> {
  const people: Inside[] = [];
  let cursor: string | null = null;
  for (;;) {
    const asked: Answer<PresencePage> = await api(listPresence, { query: { site, cursor, limit: MAX_PAGE }, signal });
    if (!asked.ok) return asked;
    const head: PresencePage = asked.value;
    people.push(...head.items);
    cursor = head.next;
    if (cursor !== null) continue;
    const order = new Intl.Collator(language);
    people.sort((a, b) => order.compare(a.name ?? '\uffff', b.name ?? '\uffff'));
    return { ok: true, value: { zone: head.site.timeZone, now: head.now, kiosks: head.kiosks, people } };
  }
}

/** An idle kiosk reports every 20 s: after three times that it counts as silent, ms. */
export const IN_CONTACT_MS = 65_000;

export const isSilent = ({ knownAsOf }: KnownAsOf, now: string): boolean =>
  knownAsOf === null || Date.parse(now) - Date.parse(knownAsOf) > IN_CONTACT_MS;
