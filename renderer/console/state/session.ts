import { type SessionState, signInWithPassword } from '../../../sync/protocol/api/session.ts';
import { type Answer, type ApiError, api } from '../../shared/web/api.ts';
import { createSession } from '../../shared/web/session.ts';

export type Role = Exclude<SessionState['role'], 'person'>;

/** Who is at this page, once the server has identified them. */
export type Place =
  | { readonly kind: 'out'; readonly why: null; readonly error: ApiError | null }
  /** Password and second factor must be set before anything else. */
  | { readonly kind: 'enrol'; readonly session: SessionState }
  | { readonly kind: 'in'; readonly session: SessionState };

export const session = createSession<Place>({
  usedMs: 5 * 60_000,
  placeOf: (state) => {
    if (state.role !== 'person') return { kind: state.stage === 'enrol' ? 'enrol' : 'in', session: state };
    const error = { code: 'not-for-people', status: 403, title: '', nextStep: '', params: {} };
    return { kind: 'out', why: null, error };
  },
});

/** Signs in with address, password and, if there is one, a code. */
export async function signIn(email: string, password: string, code: string): Promise<Answer<SessionState>> {
  const body = { email, password, ...(code !== '' && { code }) };
  const asked = await api(signInWithPassword, { body });
  if (asked.ok) session.admitted(asked.value);
  return asked;
}
