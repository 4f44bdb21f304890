import { signal } from '@preact/signals';
import {
  endAllSessions,
  endSession,
  getSession,
  redeemLink,
  type SessionState,
  signInWithPassword,
} from '../../../sync/protocol/api/session.ts';
import { type ApiError, api, sessionHooks } from '../../shared/web/api.ts';
import { whenUsed } from '../../shared/web/used.ts';

/** Who sits before this page, from the door to the last click. */
export type Stage =
  | { readonly kind: 'opening' }
  /** A one-time link was opened. */
  | { readonly kind: 'link'; readonly token: string; readonly busy: boolean; readonly error: ApiError | null }
  | { readonly kind: 'out'; readonly why: 'left' | 'ended' | null; readonly error: ApiError | null }
  /** Password and second factor are to be set before anything else. */
  | { readonly kind: 'enrol'; readonly session: SessionState }
  | { readonly kind: 'in'; readonly session: SessionState };

export type Role = Exclude<SessionState['role'], 'person'>;

export const stage = signal<Stage>({ kind: 'opening' });

/** A session ends unused after this long, as the server said, ms. */
let idleMs = 30 * 60_000;
/** When it ends unless it is used, ms since 1970 by this machine's clock; only meant for a warning in time. */
export const idleEndsAt = signal(Number.POSITIVE_INFINITY);

sessionHooks.used = () => {
  idleEndsAt.value = Date.now() + idleMs;
};
sessionHooks.ended = () => {
  if (stage.peek().kind === 'in' || stage.peek().kind === 'enrol') leaveFor('ended');
};

export function leaveFor(why: 'left' | 'ended'): void {
  idleEndsAt.value = Number.POSITIVE_INFINITY;
  stage.value = { kind: 'out', why, error: null };
}

/** Goes in with a session, or asks a person with a session of their own to use another page. */
function admitted(state: SessionState): void {
  // Lengths and no moments: this machine's clock may be wrong.
  const life = Date.parse(state.expiresAt) - Date.now();
  idleMs = Math.max(60_000, Math.min(idleMs, life));
  idleEndsAt.value = Date.now() + idleMs;
  stage.value = state.stage === 'enrol' ? { kind: 'enrol', session: state } : { kind: 'in', session: state };
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
  if (token !== null) {
    stage.value = { kind: 'link', token, busy: false, error: null };
    return;
  }
  if (stage.peek().kind === 'opening') await loadSession();
}

/** Asks the server who is signed in here. */
export async function loadSession(): Promise<void> {
  const asked = await api(getSession);
  if (asked.ok) return asked.value.role === 'person' ? refusePeople() : admitted(asked.value);
  const { code } = asked.error;
  if (code === 'no-session') {
    if (stage.peek().kind !== 'out') stage.value = { kind: 'out', why: null, error: null };
  } else if (stage.peek().kind === 'opening') stage.value = { kind: 'out', why: null, error: asked.error };
}

const refusePeople = (): void => {
  stage.value = {
    kind: 'out',
    why: null,
    error: { code: 'not-for-people', status: 403, title: '', nextStep: '', params: {} },
  };
};

/** Trades the link's token for a session. */
export async function enter(): Promise<void> {
  const at = stage.peek();
  if (at.kind !== 'link' || at.busy) return;
  stage.value = { ...at, busy: true, error: null };
  const asked = await api(redeemLink, { body: { token: at.token } });
  if (asked.ok) return asked.value.role === 'person' ? refusePeople() : admitted(asked.value);
  const { error } = asked;
  // The link was not spent: the button stays.
  if (['unreachable', 'too-many-requests'].includes(error.code)) {
    stage.value = { ...at, busy: false, error };
    return;
  }
  // Anyone who is signed in already does not need the link.
  const before = await api(getSession);
  if (before.ok && before.value.role !== 'person') admitted(before.value);
  else stage.value = { kind: 'out', why: null, error };
}

/** Signs in with address, password and, where there is one, a code. @returns null, or why not */
export async function signIn(email: string, password: string, code: string): Promise<ApiError | null> {
  const body = { email, password, ...(code !== '' && { code }) };
  const asked = await api(signInWithPassword, { body });
  if (!asked.ok) return asked.error;
  admitted(asked.value);
  return null;
}

/** Ends the session. Not signed out unless the server says so: a page that only looks it would be a trap. */
export async function signOut(everywhere = false): Promise<ApiError | null> {
  const asked = await api(everywhere ? endAllSessions : endSession);
  if (!asked.ok && asked.error.code !== 'no-session') return asked.error;
  leaveFor('left');
  return null;
}

/** Touching the page counts as using the session; asked at most so often, ms. */
const USED_MS = 5 * 60_000;

/** A session ends half an hour after someone last touched the page, not after the page last reported something. */
export function keepSignedIn(): void {
  whenUsed(USED_MS, () => {
    if (stage.peek().kind !== 'in') return false;
    void loadSession();
    return true;
  });
}
