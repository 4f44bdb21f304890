import { EventEmitter } from 'node:events';
import { FakeMessageChannelMain } from './ports.ts';
import { FakeSession } from './session.ts';
import { started, utilityProcess } from './utility-process.ts';
import { FakeWebContents } from './window.ts';

/**
 * A stand-in for the `electron` module, where its binary can't be had: the main process's objects as far as the host
 * uses them, with utility processes that are real child processes and ports that are real MessageChannels. It proves
 * how our modules work together; it proves nothing about Electron.
 */

/** What a test sets before it starts the host, and reads afterwards. */
interface FakeState {
  userData: string;
  lock: boolean;
  keystore: { available: boolean; backend: string };
  windows: FakeBrowserWindow[];
  sessions: Map<string, FakeSession>;
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
    keystore: { available: true, backend: 'gnome_libsecret' },
    windows: [],
    sessions: new Map(),
    quits: 0,
    exits: [],
    switches: [],
    privileged: [],
    sandboxed: false,
    menu: 'default',
  };
}

class FakeApp extends EventEmitter {
  readonly commandLine = { appendSwitch: (name: string, value?: string) => void state.switches.push([name, value]) };
  getPath(): string {
    return state.userData;
  }
  setPath(_name: string, path: string): void {
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
  exit(code: number): void {
    state.exits.push(code);
  }
}

class FakeBrowserWindow extends EventEmitter {
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
};
export const protocol = {
  registerSchemesAsPrivileged: (schemes: FakeState['privileged']) => void state.privileged.push(...schemes),
};
/** "Encrypts" by wrapping, and refuses what it did not wrap: enough to see what is sealed and what is not. */
export const safeStorage = {
  isEncryptionAvailable: () => state.keystore.available,
  getSelectedStorageBackend: () => state.keystore.backend,
  encryptString: (text: string) => Buffer.from(`sealed:${Buffer.from(text).toString('hex')}`),
  decryptString(sealed: Buffer): string {
    const match = /^sealed:([0-9a-f]+)$/.exec(sealed.toString());
    if (!match) throw new Error('Error while decrypting the ciphertext provided to safeStorage.decryptString.');
    return Buffer.from(match[1]!, 'hex').toString();
  },
};

/** Ends the program as Electron would, and goes back to one that has not started. */
export async function reset(): Promise<void> {
  if (state.windows.length > 0 && state.quits === 0) {
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
