/*
 * Every decision of the main process, as pure functions: what may be loaded, navigated to, opened, used, and who may
 * ask. The page is our own and local, so the answer to everything else is no.
 */

export const SCHEME = 'app';
/** Where the kiosk's page lives: a scheme of our own, so that no file: URL and no remote origin is ever involved. */
export const KIOSK_URL = `${SCHEME}://kiosk/`;

/** True for an address of our own origin. (`URL.origin` is `null` for schemes that the URL standard does not know.) */
export function isOurs(address: string | undefined): boolean {
  if (!address) return false;
  const url = URL.parse(address);
  return (
    url !== null && url.protocol === `${SCHEME}:` && url.host === 'kiosk' && url.username === '' && url.password === ''
  );
}

/** Navigation: only the kiosk's one page, as a reload. */
export function mayNavigate(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && isOurs(address) && url.pathname === '/';
}

/** Network requests of the session: our own origin, and what the page makes in memory (a blob of ours, a data: image). */
export function mayRequest(address: string): boolean {
  if (address.startsWith('blob:')) return isOurs(address.slice('blob:'.length));
  return address.startsWith('data:image/') || isOurs(address);
}

/** The part of Electron's permission details that decides. */
export interface MediaDetails {
  readonly isMainFrame?: boolean;
  readonly mediaTypes?: readonly string[];
  readonly mediaType?: string;
  readonly securityOrigin?: string;
  readonly requestingUrl?: string;
}

/** Of a kiosk's page alone: its screen stays on while it is shown. */
const WAKE_LOCK = 'screen-wake-lock';

/** A permission request: the camera and a screen that stays on, for our own main frame. Sound is never asked for, so never granted. */
export function mayUse(permission: string, details: MediaDetails): boolean {
  if (permission === WAKE_LOCK) return details.isMainFrame === true && isOurs(details.requestingUrl);
  return (
    permission === 'media' &&
    details.isMainFrame === true &&
    details.mediaTypes?.length === 1 &&
    details.mediaTypes[0] === 'video' &&
    isOurs(details.requestingUrl) &&
    (details.securityOrigin === undefined || isOurs(details.securityOrigin))
  );
}

/** A permission check (asked before a request, and by `navigator.permissions`): the same answer. */
export function mayCheck(permission: string, requestingOrigin: string, details: MediaDetails): boolean {
  return (
    (permission === WAKE_LOCK || (permission === 'media' && details.mediaType === 'video')) &&
    details.isMainFrame === true &&
    isOurs(requestingOrigin)
  );
}

/** The sender of an IPC message, as far as it decides. */
export interface SenderFrame {
  readonly url: string;
  readonly parent: unknown;
}

/** Validates the sender of an IPC message: the main frame of the kiosk's page. A frame that is gone is null. */
export const isKioskFrame = (frame: SenderFrame | null): boolean =>
  frame !== null && frame.parent === null && mayNavigate(frame.url);

/** Chromium switches of the whole application. The page's CSP and the session's filter say the same; these apply to Chromium itself. */
export const SWITCHES: readonly (readonly [string, string?])[] = [
  ['disable-background-networking'],
  ['disable-breakpad'],
  ['disable-component-update'],
  ['disable-domain-reliability'],
  ['no-pings'],
  ['host-resolver-rules', 'MAP * ~NOTFOUND'],
  ['disable-pinch'],
  ['autoplay-policy', 'no-user-gesture-required'],
  // As in the browser host: MediaPipe needs WebGL on machines without a GPU too.
  ['enable-unsafe-swiftshader'],
];

/** How the program starts itself again: an AppImage by its own file, since what it is mounted as goes with this process. */
export const relaunchOptions = (env: NodeJS.ProcessEnv): { execPath?: string } =>
  env.APPIMAGE ? { execPath: env.APPIMAGE } : {};
