import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Problem } from '../../sync/errors/problem.ts';
import { type CommandOutput, parseArguments, type StoreCommand } from '../core/command.ts';
import { ControlAnswer, controlSocketPath } from '../core/control/protocol.ts';
import { givenDeviceSecret } from '../core/keys/credential.ts';
import { deviceSecretFile } from '../core/keys/device-secret.ts';
import { slotsFile } from '../core/keys/slots.ts';
import { type OpenKiosk, openKiosk } from '../core/open-kiosk.ts';
import { kioskHome } from '../core/paths.ts';
import { ensureKioskFolder } from '../core/provision.ts';
import { storeFile } from '../core/store/files.ts';
import { password } from './ask.ts';
import { terminalOutput } from './output.ts';

/** A kiosk on which commands can be run, one after the other. */
export interface CommandSession {
  /** @returns the exit code. @throws Problem `arguments-wrong`, and what the command throws */
  run(command: StoreCommand, args: unknown, output: CommandOutput): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens a kiosk for commands that use its store. If no core is running, under the core's own lock and keys; else through the
 * running core's socket, with the staff PIN if the kiosk has one (asked for once, or from SMARTPRESENCE_STAFF_PIN). The keys
 * are this process's: systemd's credential if it has one, else the 0600 file.
 *
 * @param begins whether a new kiosk may be created; else a folder without a store is left unchanged
 * @throws Problem `store-missing`, and those of openKiosk if no core answers
 */
export async function openCommands(home: string, begins = false): Promise<CommandSession> {
  if (!existsSync(slotsFile(home)) && !existsSync(storeFile(home))) {
    if (!begins) throw new Problem('kiosk-missing', { home });
  }
  ensureKioskFolder(home, false);
  let kiosk: OpenKiosk;
  try {
    kiosk = await openHere(home, begins);
  } catch (cause) {
    if (!(cause instanceof Problem)) throw cause;
    if (cause.code === 'store-in-use') return coreSession(home);
    // The running core may have keys that this process lacks.
    if (await coreAnswers(home)) return coreSession(home);
    if (cause.code !== 'device-secret-missing') throw cause;
    throw new Problem('device-secret-elsewhere', { cause });
  }
  return {
    run: async (command, args, output) =>
      command.run({ ...kiosk, changed: () => undefined }, parseArguments(command, args), output),
    close: () => kiosk.close(),
  };
}

/**
 * Runs a single command on this machine's kiosk, and exits with its code. Wrong arguments are refused before anything is
 * opened.
 *
 * @param text formats each line of the answer, unless it is JSON
 */
export async function onKiosk<T>(
  command: StoreCommand,
  args: unknown,
  json: boolean | undefined,
  text: (line: T) => string | null,
): Promise<void> {
  parseArguments(command, args);
  const output = terminalOutput(json ?? false, (line) => text(line as T));
  const session = await openCommands(kioskHome(), command.beginsKiosk);
  try {
    process.exitCode = await session.run(command, args, output);
  } finally {
    output.end();
    await session.close();
  }
}

async function openHere(home: string, begins: boolean): Promise<OpenKiosk> {
  const deviceSecret = givenDeviceSecret(process.env);
  const hadFile = existsSync(deviceSecretFile(home));
  const kiosk = await openKiosk({ home, deviceSecret, allowSecretFile: begins });
  if (!hadFile && existsSync(deviceSecretFile(home)))
    process.stderr.write('Created a new kiosk here. Its device secret is in a 0600 file, for evaluation.\n');
  return kiosk;
}

async function coreAnswers(home: string): Promise<boolean> {
  try {
    (await connected(home)).destroy();
    return true;
  } catch {
    return false;
  }
}

function coreSession(home: string): CommandSession {
  // With a name, it is that supervisor's PIN; without, the sealed emergency PIN, whose use is reported.
  const staff = process.env.SMARTPRESENCE_STAFF || undefined;
  let staffPin = process.env.SMARTPRESENCE_STAFF_PIN ?? null;
  return {
    async run(command, args, output) {
      const parsed = parseArguments(command, args);
      for (;;) {
        const socket = await connected(home);
        try {
          const given = { staff, ...(staffPin !== null && { staffPin }) };
          return await throughCore(socket, { v: 1, command: command.name, args: parsed, ...given }, output);
        } catch (cause) {
          // A new kiosk has no staff yet, so it needs no PIN.
          if (!(cause instanceof Problem && cause.code === 'staff-pin-needed' && staffPin === null)) throw cause;
        } finally {
          socket.destroy();
        }
        staffPin = await password(`The kiosk is running. ${staff ? `PIN of ${staff}` : 'Emergency PIN'}: `);
      }
    },
    close: async () => undefined,
  };
}

function connected(home: string): Promise<Socket> {
  const socket = connect(controlSocketPath(home));
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause) => reject(new Problem('core-unreachable', { cause })));
  });
}

async function throughCore(socket: Socket, request: unknown, output: CommandOutput): Promise<number> {
  // An error also ends the lines, and the command is then reported as interrupted.
  socket.on('error', () => undefined);
  socket.write(`${JSON.stringify(request)}\n`);
  for await (const line of createInterface({ input: socket })) {
    const answer = ControlAnswer.parse(JSON.parse(line));
    switch (answer.kind) {
      case 'line':
        output.line(answer.value);
        break;
      case 'progress':
        output.progress(answer.done, answer.total, answer.what);
        break;
      case 'done':
        return answer.exitCode;
      case 'problem':
        throw Problem.from(answer);
    }
  }
  throw new Problem('core-hung-up');
}
