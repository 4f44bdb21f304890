import { signal } from '@preact/signals';
import { getMyProfile, type MyProfile } from '../../../sync/protocol/api/portal.ts';
import { endSession, getSession, redeemLink, type SessionState } from '../../../sync/protocol/api/session.ts';
import { type Answer, type ApiError, api, sessionHooks } from '../../shared/web/api.ts';
import { whenUsed } from '../../shared/web/used.ts';

/** Whose page this is, from the link to the last click. */
export type Stage =
  | { readonly kind: 'opening' }
  /** A one-time link was opened: it is redeemed by a button, since link scanners of mail programs open links. */
  | { readonly kind: 'link'; readonly token: string; readonly busy: boolean; readonly error: ApiError | null }
  | { readonly kind: 'out'; readonly why: 'left' | 'ended' | 'account' | null; readonly error: ApiError | null }
  | { readonly kind: 'in' };

export const stage = signal<Stage>({ kind: 'opening' });

/** What is held of the signed-in person; null until it was read. */
export const me = signal<MyProfile | null>(null);

/** A session ends unused after this long, as the server said, ms. */
let idleMs = 15 * 60_000;
/** When it ends unless it is used, ms since 1970 by this machine's clock; only meant for a warning in time. */
export const idleEndsAt = signal(Number.POSITIVE_INFINITY);

sessionHooks.used = () => {
  idleEndsAt.value = Date.now() + idleMs;
};
sessionHooks.ended = () => {
  if (stage.peek().kind === 'in') leaveFor('ended');
};

/** Nothing of the person stays on the page. */
function leaveFor(why: 'left' | 'ended'): void {
  idleEndsAt.value = Number.POSITIVE_INFINITY;
  me.value = null;
  stage.value = { kind: 'out', why, error: null };
}

/** Someone with an account belongs to the console: their session is theirs, and stays. */
function admitted(state: SessionState): void {
  if (state.role !== 'person') {
    stage.value = { kind: 'out', why: 'account', error: null };
    return;
  }
  const life = Date.parse(state.expiresAt) - Date.now();
  idleMs = Math.max(60_000, Math.min(15 * 60_000, life));
  idleEndsAt.value = Date.now() + idleMs;
  stage.value = { kind: 'in' };
}

/** The one-time token out of the address, which is then cleaned: it must not stay in the history or on a shared screen. */
function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('enter');
  if (token !== null) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** Begins, or begins again when the address brings a link. */
export async function begin(): Promise<void> {
  const token = takeToken();
  if (token !== null) stage.value = { kind: 'link', token, busy: false, error: null };
  else if (stage.peek().kind === 'opening') await loadSession();
}

/** Asks the server who is signed in here. */
export async function loadSession(): Promise<void> {
  const asked = await api(getSession);
  if (asked.ok) return admitted(asked.value);
  if (stage.peek().kind !== 'opening') return;
  const { error } = asked;
  stage.value = { kind: 'out', why: null, error: error.code === 'no-session' ? null : error };
}

/** Trades the link's token for a session. */
export async function enter(): Promise<void> {
  const at = stage.peek();
  if (at.kind !== 'link' || at.busy) return;
  stage.value = { ...at, busy: true, error: null };
  const asked = await api(redeemLink, { body: { token: at.token } });
  if (asked.ok) return admitted(asked.value);
  const { error } = asked;
  // The link was not spent: the button stays.
  if (['unreachable', 'too-many-requests'].includes(error.code)) {
    stage.value = { ...at, busy: false, error };
    return;
  }
  // A used link opened while still signed in is not needed.
  const before = await api(getSession);
  if (before.ok && before.value.role === 'person') admitted(before.value);
  else stage.value = { kind: 'out', why: null, error };
}

/** Ends the session, not before the server says so. */
export async function signOut(): Promise<Answer<null>> {
  const asked = await api(endSession);
  if (!asked.ok && asked.error.code !== 'no-session') return asked;
  leaveFor('left');
  return { ok: true, value: null };
}

/** Rereads what is held. */
export async function readMe(): Promise<Answer<MyProfile>> {
  const answer = await api(getMyProfile);
  if (answer.ok) me.value = answer.value;
  return answer;
}

/** Touching the page counts as using the session; asked at most so often, ms. */
const USED_MS = 3 * 60_000;

/** A session ends a quarter of an hour after someone last touched the page. */
export function keepSignedIn(): void {
  whenUsed(USED_MS, () => {
    if (stage.peek().kind !== 'in') return false;
    void loadSession();
    return true;
  });
}
