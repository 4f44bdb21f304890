import { EventEmitter } from 'node:events';

type Callback<T> = (value: T) => void;

/** Electron's session, as far as the host configures it. Tests query the configuration as Chromium would. */
export class FakeSession extends EventEmitter {
  permissionRequest:
    | ((contents: unknown, permission: string, callback: Callback<boolean>, details: object) => void)
    | null = null;
  permissionCheck: ((contents: unknown, permission: string, origin: string, details: object) => boolean) | null = null;
  devicePermission: ((details: object) => boolean) | null = null;
  displayMedia: ((request: object, callback: Callback<unknown>) => void) | null = null;
  private beforeRequest:
    | ((details: { url: string; resourceType: string }, callback: Callback<{ cancel: boolean }>) => void)
    | null = null;
  private headersReceived:
    | ((
        details: { responseHeaders: Record<string, string[]> },
        callback: Callback<{ responseHeaders: Record<string, string[]> }>,
      ) => void)
    | null = null;
  private readonly handlers = new Map<string, (request: Request) => Response | Promise<Response>>();

  readonly webRequest = {
    onBeforeRequest: (listener: NonNullable<FakeSession['beforeRequest']>) => {
      this.beforeRequest = listener;
    },
    onHeadersReceived: (listener: NonNullable<FakeSession['headersReceived']>) => {
      this.headersReceived = listener;
    },
  };
  readonly protocol = {
    handle: (scheme: string, handler: (request: Request) => Response | Promise<Response>) =>
      void this.handlers.set(scheme, handler),
  };
  /** Scripts that run before the page's own, with the addresses they apply to. */
  readonly preloads: { filePath: string; matches: string[] }[] = [];
  registerPreloadScript(script: { type: string; filePath: string; matches: string[] }): string {
    this.preloads.push(script);
    return String(this.preloads.length);
  }
  preloadsOf(address: string): string[] {
    const fits = (pattern: string): boolean => address.startsWith(pattern.replace(/\*$/, ''));
    return this.preloads.filter(({ matches }) => matches.some(fits)).map(({ filePath }) => filePath);
  }
  setPermissionRequestHandler(handler: NonNullable<FakeSession['permissionRequest']>): void {
    this.permissionRequest = handler;
  }
  setPermissionCheckHandler(handler: NonNullable<FakeSession['permissionCheck']>): void {
    this.permissionCheck = handler;
  }
  setDevicePermissionHandler(handler: NonNullable<FakeSession['devicePermission']>): void {
    this.devicePermission = handler;
  }
  setDisplayMediaRequestHandler(handler: NonNullable<FakeSession['displayMedia']>): void {
    this.displayMedia = handler;
  }

  /** Whether the session allows a request. Without a filter every request is allowed, as in Electron. */
  allows(url: string): Promise<boolean> {
    return new Promise((resolve) => {
      if (!this.beforeRequest) resolve(true);
      else this.beforeRequest({ url, resourceType: 'mainFrame' }, ({ cancel }) => resolve(!cancel));
    });
  }
  async answer(request: Request): Promise<Response> {
    const handler = this.handlers.get(new URL(request.url).protocol.slice(0, -1));
    if (!handler) throw new Error('ERR_UNKNOWN_URL_SCHEME');
    return handler(request);
  }
  /** Returns a response's headers as the session rewrites them. */
  headers(responseHeaders: Record<string, string[]>): Promise<Record<string, string[]>> {
    return new Promise((resolve) => {
      if (!this.headersReceived) resolve(responseHeaders);
      else this.headersReceived({ responseHeaders }, (answer) => resolve(answer.responseHeaders));
    });
  }
  /** Requests a permission. Without a handler it is granted, as in Electron. */
  request(permission: string, details: object): Promise<boolean> {
    return new Promise((resolve) => {
      if (!this.permissionRequest) resolve(true);
      else this.permissionRequest(null, permission, resolve, details);
    });
  }
}
