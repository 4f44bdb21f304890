import { effect, signal } from '@preact/signals';
import { getMyProfile, type MyProfile } from '../../../sync/protocol/api/portal.ts';
import { type Answer, api } from '../../shared/web/api.ts';
import { createSession } from '../../shared/web/session.ts';

/** Someone with an account belongs in the console: their session stays theirs. */
export type Place = { readonly kind: 'in' } | { readonly kind: 'out'; readonly why: 'account'; readonly error: null };

export const session = createSession<Place>({
  usedMs: 3 * 60_000,
  placeOf: ({ role }) => (role === 'person' ? { kind: 'in' } : { kind: 'out', why: 'account', error: null }),
});

/** What is held of the signed-in person; null until it was read. */
export const me = signal<MyProfile | null>(null);

// Nothing of the person stays on the page.
effect(() => {
  if (session.page.value === null) me.value = null;
});

/** Rereads what is held. */
export async function readMe(): Promise<Answer<MyProfile>> {
  const visit = session.page.peek()?.visit;
  const answer = await api(getMyProfile);
  // Who has signed out meanwhile is not shown to who comes next.
  if (answer.ok && session.page.peek()?.visit === visit && visit !== undefined) me.value = answer.value;
  return answer;
}
