import type { App, Session, WebContents } from 'electron';
import type { CoreOptions } from '../core/interface.ts';
import { mayCheck, mayNavigate, mayRequest, mayUse } from './policy.ts';

/** Locks a session down: only camera and wake lock for our page, no outside requests, downloads or devices. */
export function lockSession(session: Session, log: CoreOptions['log']): void {
  session.setPermissionRequestHandler((_contents, permission, callback, details) => {
    const granted = mayUse(permission, details);
    if (!granted) log('warn', 'host: a permission was refused', { permission });
    callback(granted);
  });
  session.setPermissionCheckHandler((_contents, permission, origin, details) => mayCheck(permission, origin, details));
  session.setDevicePermissionHandler(() => false);
  session.setDisplayMediaRequestHandler((_request, callback) => callback(null));
  session.webRequest.onBeforeRequest((details, callback) => {
    const cancel = !mayRequest(details.url);
    if (cancel)
      log('warn', 'host: an outside request was blocked', {
        url: details.url.slice(0, 200),
        type: details.resourceType,
      });
    callback({ cancel });
  });
  // All our answers have it already (app-protocol.ts); this covers any others. Written out in full, so that Electronegativity
  // can read it too; a test compares it with the shared one.
  session.webRequest.onHeadersReceived((details, callback) => {
    callback({
      responseHeaders: {
        ...details.responseHeaders,
        'Content-Security-Policy': [
          "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-src 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-same-origin allow-forms allow-modals",
        ],
      },
    });
  });
  session.on('will-download', (event) => event.preventDefault());
}

/** Locks down every web page created in this program, whatever creates it. */
export function lockContents(app: App, log: CoreOptions['log']): void {
  app.on('web-contents-created', (_event, contents: WebContents) => {
    const stay = (event: { preventDefault(): void; url: string }): void => {
      if (mayNavigate(event.url)) return;
      log('warn', 'host: a navigation was refused', { url: event.url.slice(0, 200) });
      event.preventDefault();
    };
    contents.on('will-navigate', stay);
    contents.on('will-redirect', stay);
    contents.on('will-frame-navigate', stay);
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      log('warn', 'host: a window was refused', { url: url.slice(0, 200) });
      return { action: 'deny' };
    });
    // Otherwise WebRTC would send UDP past all proxies and filters.
    contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
  });
}
