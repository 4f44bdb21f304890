import { effect, signal } from '@preact/signals';
import * as session from '../../../sync/protocol/api/session.ts';
import { type Answer, type ApiError, api, away, sessionHooks, willPass } from './api.ts';
import { answerNo } from './confirm.tsx';
import { dropToasts } from './toast.tsx';

/** Stages before signing in, on any page. */
type Outside =
  | { readonly kind: 'opening' }
  /** A one-time link was opened. It is redeemed by a button, since mail programs' link scanners open links but press nothing. */
  | { readonly kind: 'link'; readonly token: string; readonly busy: boolean; readonly error: ApiError | null }
  | { readonly kind: 'out'; readonly why: 'left' | 'ended' | null; readonly error: ApiError | null };

/** What a page itself has to show: a signed-in person's content, or a way to sign in. */
export type Held<Place> = Exclude<Outside | Place, { readonly kind: 'opening' | 'link' }>;

type In<Place> = Extract<Held<Place>, { readonly kind: 'in' }>;

interface Rules<Place> {
  /** Using the page counts as using the session; least time between reports of this, ms. */
  readonly usedMs: number;
  /** The stage for a session: signed in, or out if it belongs to another page. */
  readonly placeOf: (state: session.SessionState) => Place;
}

export type Session<Place extends { readonly kind: string }> = ReturnType<typeof createSession<Place>>;

/** How long a page waits for its user to sign in again after their session has ended, ms. */
const KEPT_MS = 3_600_000;

/** Manages a page's session, from the link to the last click. */
export function createSession<Place extends { readonly kind: string }>({ usedMs, placeOf }: Rules<Place>) {
  const stage = signal<Outside | Place>({ kind: 'opening' });
  /**
   * The page of a signed-in account, with a new `visit` for each sign-in of another account. It is kept for an hour after their
   * session has ended, hidden, so that they continue where they were, with what they typed, once they sign in again.
   */
  const page = signal<{ readonly visit: number; readonly who: string; readonly at: In<Place> } | null>(null);
  let visits = 0;
  let forgets: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    away.value = page.value !== null && stage.value.kind !== 'in';
  });
  /** How long the session lasts unused, ms, by the server. */
  let lifeMs = Number.POSITIVE_INFINITY;
  /** When it ends unless it is used, ms since 1970 by this machine's clock. Only used to warn in time. */
  const idleEndsAt = signal(Number.POSITIVE_INFINITY);
  const isOutside = (at: Outside | Place): at is Outside => ['opening', 'link', 'out'].includes(at.kind);

  sessionHooks.used = () => {
    idleEndsAt.value = Date.now() + lifeMs;
  };
  /** Whether signing out is under way. Requests refused meanwhile don't mean that the session expired. */
  let leaving = false;
  sessionHooks.ended = () => {
    if (!leaving && !isOutside(stage.peek())) leaveFor('ended');
  };

  function leaveFor(why: 'left' | 'ended'): void {
    idleEndsAt.value = Number.POSITIVE_INFINITY;
    dropToasts();
    stage.value = { kind: 'out', why, error: null };
    clearTimeout(forgets);
    if (why === 'left') forget();
    else forgets = setTimeout(forget, KEPT_MS);
  }

  function forget(): void {
    clearTimeout(forgets);
    page.value = null;
    answerNo();
  }

  function admitted(state: session.SessionState, place = placeOf(state)): void {
    if (place.kind !== 'out') {
      const endsAt = Math.min(Date.parse(state.idleEndsAt), Date.parse(state.expiresAt));
      lifeMs = endsAt - Date.parse(state.serverTime);
      idleEndsAt.value = Date.now() + lifeMs;
    }
    clearTimeout(forgets);
    const who = JSON.stringify([state.role, state.account, state.person]);
    if (page.peek() !== null && (page.peek()!.who !== who || place.kind !== 'in')) forget();
    if (place.kind === 'in') {
      visits += 1;
      page.value = { visit: page.peek()?.visit ?? visits, who, at: place as In<Place> };
    }
    stage.value = place;
  }

  /** Takes the one-time token from the address and replaces it by the page's: it must not stay in the history or on a shared screen. */
  function takeToken(page: string): string | null {
    const token = new URLSearchParams(location.hash.slice(1)).get('enter');
    if (token !== null) history.replaceState(null, '', location.pathname + location.search + page);
    return token;
  }

  /** Starts, or starts again when the address contains a link. @param page fragment of the page shown so far; may be empty */
  async function begin(page = ''): Promise<void> {
    const token = takeToken(page);
    if (token !== null) stage.value = { kind: 'link', token, busy: false, error: null };
    else if (stage.peek().kind === 'opening') await loadSession();
  }

  async function loadSession(): Promise<void> {
    const asked = await api(session.getSession);
    if (asked.ok) return admitted(asked.value);
    if (stage.peek().kind !== 'opening') return;
    stage.value = { kind: 'out', why: null, error: asked.error.code === 'no-session' ? null : asked.error };
  }

  async function enter(): Promise<void> {
    const at = stage.peek();
    if (!isOutside(at) || at.kind !== 'link' || at.busy) return;
    stage.value = { ...at, busy: true, error: null };
    const asked = await api(session.redeemLink, { body: { token: at.token } });
    if (asked.ok) {
      const kept = page.peek()?.visit;
      admitted(asked.value);
      // Another account begins on its start page, as after a sign-out.
      if (kept !== undefined && page.peek()?.visit !== kept) location.hash = '';
      return;
    }
    const { error } = asked;
    // The link was not used up, so the button stays.
    if (willPass(error)) {
      stage.value = { ...at, busy: false, error };
      return;
    }
    // Someone already signed in does not need the link.
    const before = await api(session.getSession);
    if (before.ok && placeOf(before.value).kind !== 'out') admitted(before.value);
    else stage.value = { kind: 'out', why: null, error };
  }

  /** Ends the session. Signed out only once the server confirms: to look signed out without being so would be a trap. */
  async function signOut(everywhere = false): Promise<Answer<unknown>> {
    leaving = true;
    const asked = await api(everywhere ? session.endAllSessions : session.endSession).finally(() => {
      leaving = false;
    });
    if (!asked.ok && asked.error.code !== 'no-session') return asked;
    leaveFor('left');
    // The next person begins on the start page of their role.
    location.hash = '';
    return { ok: true, value: null };
  }

  /** Reports use of the page, so that the session ends a while after the last touch rather than the last request. */
  function keepSignedIn(): void {
    let reportedAt = performance.now();
    const used = (): void => {
      if (performance.now() - reportedAt < usedMs || stage.peek().kind !== 'in') return;
      reportedAt = performance.now();
      void loadSession();
    };
    for (const event of ['pointerdown', 'keydown']) addEventListener(event, used, { passive: true });
    // They may have signed in again in another tab.
    document.addEventListener('visibilitychange', () => {
      if (away.peek() && !document.hidden) void loadSession();
    });
  }

  return { stage, page, idleEndsAt, admitted, begin, enter, isOutside, keepSignedIn, leaveFor, loadSession, signOut };
}
