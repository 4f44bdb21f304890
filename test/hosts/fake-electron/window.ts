import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { FakePortMain } from './ports.ts';
import type { FakeSession } from './session.ts';

/** The page's `window`, as far as preload and contract use it: it dispatches messages to itself, with their ports. */
export class FakePageWindow extends EventTarget {
  readonly location: { protocol: string; origin: string; href: string };
  constructor(address: string) {
    super();
    const url = new URL(address);
    this.location = { protocol: url.protocol, origin: `${url.protocol}//${url.host}`, href: address };
  }
  postMessage(data: unknown, targetOrigin: string, ports: MessagePort[] = []): void {
    if (targetOrigin !== this.location.origin) return;
    queueMicrotask(() => this.dispatch(data, ports, this, this.location.origin));
  }
  /** For tests: a message from anywhere, e.g. another window. */
  dispatch(data: unknown, ports: MessagePort[], source: unknown, origin: string): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data, ports, source, origin }));
  }
}

export interface FakeFrame {
  url: string;
  parent: FakeFrame | null;
}

export class FakeWebContents extends EventEmitter {
  readonly session: FakeSession;
  readonly ipcMain: EventEmitter;
  /** The renderer's half of IPC, as the preload sees it. */
  ipcRenderer = new EventEmitter();
  page: FakePageWindow | null = null;
  mainFrame: FakeFrame = { url: '', parent: null };
  openHandler: ((details: { url: string }) => { action: string }) | null = null;
  webRtcPolicy = '';
  loads = 0;
  /** Options of each print request. */
  readonly printed: unknown[] = [];

  constructor(session: FakeSession, ipcMain: EventEmitter) {
    super();
    this.session = session;
    this.ipcMain = ipcMain;
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler;
  }
  setWebRTCIPHandlingPolicy(policy: string): void {
    this.webRtcPolicy = policy;
  }
  /** Main → renderer. Ports are converted to the renderer's kind, as in Electron. */
  postMessage(channel: string, _message: unknown, transfer: FakePortMain[] = []): void {
    const ports = transfer.map((port) => rendererPort(port));
    setImmediate(() => this.ipcRenderer.emit(channel, { ports }));
  }
  reloadIgnoringCache(): void {
    void this.load(this.mainFrame.url);
  }
  print(options: unknown, done: (success: boolean, failureReason: string) => void): void {
    this.printed.push(options);
    done(true, '');
  }
  forcefullyCrashRenderer(): void {
    this.page = null;
    this.emit('render-process-gone', {}, { reason: 'crashed' });
  }
  /** Loads a page: the session filters the request, its protocol handler answers it, and then the preload runs in the page. */
  async load(address: string): Promise<Response> {
    if (!(await this.session.allows(address))) throw new Error('ERR_BLOCKED_BY_CLIENT');
    const response = await this.session.answer(new Request(address));
    if (!response.ok) throw new Error(`ERR_FAILED ${response.status}`);
    this.loads += 1;
    this.ipcRenderer = new EventEmitter();
    this.page = new FakePageWindow(address);
    this.mainFrame = { url: address, parent: null };
    for (const preload of this.session.preloadsOf(address)) this.runPreload(preload, this.page);
    return response;
  }
  /** Renderer → main, from any frame. For tests of the sender check. */
  sendFrom(frame: FakeFrame | null, channel: string): void {
    this.ipcMain.emit(channel, { sender: this, senderFrame: frame });
  }
  /** Runs the sandboxed preload: one CommonJS file that may require `electron` and none of our modules. */
  private runPreload(preload: string, page: FakePageWindow): void {
    const ipcRenderer = Object.assign(this.ipcRenderer, {
      send: (channel: string) => this.sendFrom(this.mainFrame, channel),
    });
    const sandboxRequire = (name: string): unknown => {
      if (name === 'electron') return { ipcRenderer };
      throw new Error(`module not found: ${name}`);
    };
    new Function('require', 'window', 'location', readFileSync(preload, 'utf8'))(sandboxRequire, page, page.location);
  }
}

/** Converts a main-process port to the renderer's kind by bridging it, so that the main side's object remains usable. */
function rendererPort(main: FakePortMain): MessagePort {
  const { port1, port2 } = new MessageChannel();
  main.on('message', (event: { data: unknown }) => port1.postMessage(event.data));
  main.on('close', () => port1.close());
  port1.on('message', (data) => main.postMessage(data));
  port1.on('close', () => main.close());
  main.start();
  return port2;
}
