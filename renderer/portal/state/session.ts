import { effect, signal } from '@preact/signals';
import { getMyProfile, type MyProfile } from '../../../sync/protocol/api/portal.ts';
import { type Answer, api } from '../../shared/web/api.ts';
import { createSession } from '../../shared/web/session.ts';

/** Someone with an account belongs in the console, where their session remains theirs. */
export type Place = { readonly kind: 'in' } | { readonly kind: 'out'; readonly why: 'account'; readonly error: null };

export const session = createSession<Place>({
  usedMs: 3 * 60_000,
  placeOf: ({ role }) => (role === 'person' ? { kind: 'in' } : { kind: 'out', why: 'account', error: null }),
});

/** The signed-in person's data; null until it is read. */
export const me = signal<MyProfile | null>(null);

// After the session, none of the person's data is kept on the page.
effect(() => {
  if (session.page.value === null) me.value = null;
});

/** Reads the signed-in person's data again. */
export async function readMe(): Promise<Answer<MyProfile>> {
  const visit = session.page.peek()?.visit;
  const answer = await api(getMyProfile);
  // If they have signed out meanwhile, it must not be shown to the next person.
  if (answer.ok && session.page.peek()?.visit === visit && visit !== undefined) me.value = answer.value;
  return answer;
}
