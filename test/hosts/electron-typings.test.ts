import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import * as fake from './fake-electron/index.ts';
import { FakeMessageChannelMain, FakePortMain } from './fake-electron/ports.ts';
import { FakeSession } from './fake-electron/session.ts';
import { FakeUtilityProcess } from './fake-electron/utility-process.ts';
import { FakeWebContents } from './fake-electron/window.ts';
import { usesOfElectron } from './support/electron-uses.ts';

/*
 * Other suites rely on the fake `electron`. Whatever our host uses must be in the typings of the installed Electron, not
 * deprecated there, and in the fake.
 */

const ROOT = resolve(import.meta.dirname, '../..');
const sources = globSync('electron/host-electron/*.ts', { cwd: ROOT })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => join(ROOT, file));
const uses = usesOfElectron(sources);

it('every Electron member and event the host uses is in Electron’s typings, and none is deprecated', () => {
  expect(uses.faults).toEqual([]);
  expect(uses.members).toContain('SafeStorage.decryptStringAsync');
  expect(uses.members.size).toBeGreaterThan(40);
});

it('each of them exists in the fake', () => {
  const contents = new FakeWebContents(new FakeSession(), fake.ipcMain);
  const channel = new FakeMessageChannelMain();
  /** Objects of the fake, by the Electron interface that they implement. */
  const objects: Record<string, object> = {
    App: fake.app,
    BrowserWindow: fake.BrowserWindow.prototype,
    CommandLine: fake.app.commandLine,
    IpcMain: fake.ipcMain,
    Menu: fake.Menu,
    MessageChannelMain: channel,
    MessagePortMain: FakePortMain.prototype,
    PowerSaveBlocker: fake.powerSaveBlocker,
    Protocol: { ...fake.protocol, ...contents.session.protocol },
    SafeStorage: fake.safeStorage,
    Session: contents.session,
    UtilityProcess: FakeUtilityProcess.prototype,
    WebContents: contents,
    WebRequest: contents.session.webRequest,
  };
  const missing = [...uses.members].filter((member) => {
    const [owner = '', name = ''] = member.split('.');
    const object = objects[owner];
    return object !== undefined && !(name in object) && !OWN_FIELDS.has(member);
  });
  expect(missing).toEqual([]);
  // Owners without a counterpart above are plain values, or are created by the fake for its callbacks.
  const owners = new Set([...uses.members].map((member) => member.split('.')[0]!));
  expect([...owners].filter((owner) => !(owner in objects)).sort()).toEqual(VALUES);
  channel.port1.close();
});

/** Instance fields of the fake, not on their prototypes, and a static method. Without one, the host's suites would fail. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'BrowserWindow.webContents',
  'UtilityProcess.pid',
  'Session.fromPartition',
]);
const VALUES: readonly string[] = [
  'DecryptStringAsyncReturnValue',
  'IpcMainEvent',
  'IpcRenderer',
  'IpcRendererEvent',
  'MessageEvent',
  'OnBeforeRequestListenerDetails',
  'OnHeadersReceivedListenerDetails',
  'ParentPort',
  'Process',
];

it('finds calls removed in Electron 46, a call that never existed, and a removed event', () => {
  const file = join(ROOT, 'electron/host-electron/of-the-test.ts');
  const { faults } = usesOfElectron([], {
    [file]: `import { app, safeStorage } from 'electron';
      export const available = safeStorage.isEncryptionAvailable();
      export const sealed = safeStorage.encryptString('x');
      export const opened = safeStorage.decryptString(sealed);
      export const never = safeStorage.encryptEverything();
      app.on('gpu-process-crashed', () => undefined);`,
  });
  expect(faults.map((fault) => fault.replace(/^.*of-the-test.ts:\d+: /, '')).sort()).toEqual([
    expect.stringContaining('"gpu-process-crashed"'),
    "Property 'encryptEverything' does not exist on type 'SafeStorage'.",
    'SafeStorage.decryptString is deprecated',
    'SafeStorage.encryptString is deprecated',
    'SafeStorage.isEncryptionAvailable is deprecated',
  ]);
});
