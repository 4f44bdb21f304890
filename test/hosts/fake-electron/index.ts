import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import type {
  App,
  BrowserWindow,
  Menu as ElectronMenu,
  PowerSaveBlocker,
  Protocol,
  RelaunchOptions,
  SafeStorage,
  Settings,
} from 'electron';
import { FakeMessageChannelMain } from './ports.ts';
import { FakeSession } from './session.ts';
import { started, utilityProcess } from './utility-process.ts';
import { FakeWebContents } from './window.ts';

/**
 * A fake of the `electron` module for machines without its binary: the main process's objects as far as the host uses them,
 * checked against Electron's own typings (`implements`, `satisfies`, and electron-typings.test.ts). Utility processes are real
 * child processes and ports are real MessageChannels. It proves how our modules work together; it proves nothing about Electron.
 */

/** What a test sets before it starts the host and reads afterwards. */
interface FakeState {
  userData: string;
  lock: boolean;
  /** `key` is the number of the keystore's current key. */
  keystore: { available: boolean; backend: ReturnType<SafeStorage['getSelectedStorageBackend']>; key: number };
  windows: FakeBrowserWindow[];
  sessions: Map<string, FakeSession>;
  packaged: boolean;
  loginItems: Settings[];
  blockers: Parameters<PowerSaveBlocker['start']>[0][];
  relaunches: (RelaunchOptions | undefined)[];
  quits: number;
  exits: number[];
  switches: [string, string?][];
  privileged: { scheme: string; privileges: object }[];
  sandboxed: boolean;
  menu: unknown;
}
export const state: FakeState = fresh();
function fresh(): FakeState {
  return {
    userData: '/nowhere',
    lock: true,
    keystore: { available: true, backend: 'gnome_libsecret', key: 1 },
    windows: [],
    sessions: new Map(),
    packaged: false,
    loginItems: [],
    blockers: [],
    relaunches: [],
    quits: 0,
    exits: [],
    switches: [],
    privileged: [],
    sandboxed: false,
    menu: 'default',
  };
}

type AppCalls =
  | 'getPath'
  | 'setPath'
  | 'requestSingleInstanceLock'
  | 'enableSandbox'
  | 'whenReady'
  | 'relaunch'
  | 'setLoginItemSettings'
  | 'quit'
  | 'exit'
  | 'isPackaged';
class FakeApp extends EventEmitter implements Pick<App, AppCalls> {
  readonly commandLine = { appendSwitch: (name: string, value?: string) => void state.switches.push([name, value]) };
  getPath(): string {
    return state.userData;
  }
  setPath(_name: string, path: string): void {
    if (!existsSync(path)) throw new Error('Failed to set path');
    state.userData = path;
  }
  requestSingleInstanceLock(): boolean {
    return state.lock;
  }
  enableSandbox(): void {
    state.sandboxed = true;
  }
  whenReady(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
  get isPackaged(): boolean {
    return state.packaged;
  }
  relaunch(options?: RelaunchOptions): void {
    state.relaunches.push(options);
  }
  setLoginItemSettings(settings: Settings): void {
    state.loginItems.push(settings);
  }
  quit(): void {
    const event = {
      prevented: false,
      preventDefault() {
        this.prevented = true;
      },
    };
    this.emit('will-quit', event);
    if (event.prevented) return;
    state.quits += 1;
    this.emit('quit');
  }
  /** Ends at once, without events: no `will-quit` is emitted. */
  exit(code: number): void {
    state.exits.push(code);
    this.emit('quit');
  }
}

class FakeBrowserWindow
  extends EventEmitter
  implements Pick<BrowserWindow, 'loadURL' | 'show' | 'focus' | 'isDestroyed'>
{
  readonly options: Record<string, unknown> & { webPreferences: Record<string, unknown> };
  readonly webContents: FakeWebContents;
  destroyed = false;
  shown = false;
  loading: Promise<unknown> = Promise.resolve();
  constructor(options: FakeBrowserWindow['options']) {
    super();
    this.options = options;
    const { partition } = options.webPreferences as { partition: string };
    this.webContents = new FakeWebContents(session.fromPartition(partition), ipcMain);
    app.emit('web-contents-created', {}, this.webContents);
    state.windows.push(this);
  }
  loadURL(address: string): Promise<void> {
    this.loading = this.webContents.load(address);
    return this.loading.then(() => void this.emit('ready-to-show'));
  }
  show(): void {
    this.shown = true;
  }
  focus(): void {
    this.emit('focused');
  }
  isDestroyed(): boolean {
    return this.destroyed;
  }
}

export const app = new FakeApp();
export const ipcMain = new EventEmitter();
export { FakeBrowserWindow as BrowserWindow };
export const MessageChannelMain = FakeMessageChannelMain;
export { utilityProcess };
export const session = {
  fromPartition(name: string): FakeSession {
    const known = state.sessions.get(name) ?? new FakeSession();
    state.sessions.set(name, known);
    return known;
  },
};
export const Menu = {
  setApplicationMenu(menu: unknown): void {
    state.menu = menu;
  },
} satisfies Pick<typeof ElectronMenu, 'setApplicationMenu'>;
export const protocol = {
  registerSchemesAsPrivileged: (schemes: FakeState['privileged']) => void state.privileged.push(...schemes),
} satisfies { [name in keyof Pick<Protocol, 'registerSchemesAsPrivileged'>]: unknown };
/** Counts the blockers that keep the display on. */
export const powerSaveBlocker = {
  start(type) {
    state.blockers.push(type);
    return state.blockers.length;
  },
} satisfies Pick<PowerSaveBlocker, 'start'>;
/** "Encrypts" by wrapping, and refuses what it did not wrap. That shows what is encrypted and what is not. */
export const safeStorage = {
  isAsyncEncryptionAvailable: async () => state.keystore.available,
  getSelectedStorageBackend: () => state.keystore.backend,
  encryptStringAsync: async (text: string) =>
    Buffer.from(`sealed:${state.keystore.key}:${Buffer.from(text).toString('hex')}`),
  async decryptStringAsync(sealed: Buffer) {
    const match = /^sealed:(\d+):([0-9a-f]+)$/.exec(sealed.toString());
    if (!match) throw new Error('Error while decrypting the ciphertext provided to safeStorage.decryptStringAsync.');
    return {
      result: Buffer.from(match[2]!, 'hex').toString(),
      shouldReEncrypt: Number(match[1]) !== state.keystore.key,
    };
  },
} satisfies Pick<
  SafeStorage,
  'isAsyncEncryptionAvailable' | 'getSelectedStorageBackend' | 'encryptStringAsync' | 'decryptStringAsync'
>;

/** Ends the program as Electron would, and resets the fake to its initial state. */
export async function reset(): Promise<void> {
  if (state.windows.length > 0 && state.quits + state.exits.length === 0) {
    const quit = new Promise<void>((resolve) => app.once('quit', resolve));
    app.quit();
    await quit;
  }
  for (const process of started.splice(0)) process.kill();
  app.removeAllListeners();
  ipcMain.removeAllListeners();
  Object.assign(state, fresh());
}
export const processes = started;
