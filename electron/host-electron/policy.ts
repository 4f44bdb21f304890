/*
 * All decisions of the main process, as pure functions: what may be loaded, navigated to, opened and used, and who may
 * ask. The page is our own and local, so everything else is refused.
 */

export const SCHEME = 'app';
/** Address of the kiosk's page: a scheme of our own, so that no file: URL and no remote origin is ever involved. */
export const KIOSK_URL = `${SCHEME}://kiosk/`;

/** Whether an address is of our own origin. (`URL.origin` is `null` for schemes unknown to the URL standard.) */
export function isOurs(address: string | undefined): boolean {
  if (!address) return false;
  const url = URL.parse(address);
  return (
    url !== null && url.protocol === `${SCHEME}:` && url.host === 'kiosk' && url.username === '' && url.password === ''
  );
}

/** Navigation: only to the kiosk's one page, as a reload. */
export function mayNavigate(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && isOurs(address) && url.pathname === '/';
}

/** Network requests of the session: to our own origin, and for data made by the page in memory (our blobs, data: images). */
export function mayRequest(address: string): boolean {
  if (address.startsWith('blob:')) return isOurs(address.slice('blob:'.length));
  return address.startsWith('data:image/') || isOurs(address);
}

/** The part of Electron's permission details that matters. */
export interface MediaDetails {
  readonly isMainFrame?: boolean;
  readonly mediaTypes?: readonly string[];
  readonly mediaType?: string;
  readonly securityOrigin?: string;
  readonly requestingUrl?: string;
}

/** Only for the kiosk's page: keeps the screen on while it is shown. */
const WAKE_LOCK = 'screen-wake-lock';

/** Permission requests: camera and wake lock, for our own main frame. Sound is never requested, so never granted. */
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

/** Permission checks (before a request, and by `navigator.permissions`): the same answer. */
export function mayCheck(permission: string, requestingOrigin: string, details: MediaDetails): boolean {
  return (
    (permission === WAKE_LOCK || (permission === 'media' && details.mediaType === 'video')) &&
    details.isMainFrame === true &&
    isOurs(requestingOrigin)
  );
}

/** The part of an IPC message's sender that matters. */
export interface SenderFrame {
  readonly url: string;
  readonly parent: unknown;
}

/** Validates the sender of an IPC message: the main frame of the kiosk's page. A frame that was removed is null. */
export const isKioskFrame = (frame: SenderFrame | null): boolean =>
  frame !== null && frame.parent === null && mayNavigate(frame.url);

/** Chromium switches of the whole application. Page CSP and session filter do the same; these apply to Chromium itself. */
export const SWITCHES: readonly (readonly [string, string?])[] = [
  ['disable-background-networking'],
  ['disable-breakpad'],
  ['disable-component-update'],
  ['disable-domain-reliability'],
  ['no-pings'],
  ['host-resolver-rules', 'MAP * ~NOTFOUND'],
  ['disable-pinch'],
  ['autoplay-policy', 'no-user-gesture-required'],
  // As in the browser host: MediaPipe needs WebGL even without a GPU.
  ['enable-unsafe-swiftshader'],
];

/** Options for a restart: an AppImage by its own file, since its mount disappears with this process. */
export const relaunchOptions = (env: NodeJS.ProcessEnv): { execPath?: string } =>
  env.APPIMAGE ? { execPath: env.APPIMAGE } : {};
