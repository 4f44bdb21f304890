import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { z } from 'zod';
import { Problem } from '../../sync/protocol/wire/problem.ts';
import type { CommandOutput, StoreCommand } from '../core/commands/command.ts';
import { ControlAnswer, controlSocketPath } from '../core/control/protocol.ts';
import { openKiosk } from '../core/open-kiosk.ts';
import { ensureKioskFolder } from '../core/provision.ts';
import { password } from './password.ts';

/**
 * Runs a command that touches a kiosk's store: with no core running here, under the core's own lock and keys; else
 * through the running core over its socket, with the staff PIN (asked for, or from SMARTPRESENCE_STAFF_PIN).
 * @returns the exit code
 */
export async function runStoreCommand(
  command: StoreCommand,
  args: unknown,
  home: string,
  output: CommandOutput,
): Promise<number> {
  const parsed = command.args.parse(args) as z.output<typeof command.args>;
  ensureKioskFolder(home, false);
  let kiosk: Awaited<ReturnType<typeof openKiosk>>;
  try {
    kiosk = await openKiosk({ home, deviceSecret: null });
  } catch (cause) {
    if (cause instanceof Problem && cause.code === 'store-in-use')
      return throughCore(command.name, parsed, home, output);
    throw cause;
  }
  try {
    return await command.run({ ...kiosk, changed: () => undefined }, parsed, output);
  } finally {
    await kiosk.close();
  }
}

async function throughCore(command: string, args: unknown, home: string, output: CommandOutput): Promise<number> {
  const staffPin = process.env.SMARTPRESENCE_STAFF_PIN ?? (await password('The kiosk is running. Staff PIN: '));
  const socket = connect(controlSocketPath(home));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) =>
      reject(
        new Problem(
          'core-unreachable',
          'the store is in use, and no core answers on its socket',
          'Wait until the kiosk has started, or stop whatever holds the store.',
          { cause },
        ),
      ),
    );
  });
  socket.write(`${JSON.stringify({ v: 1, command, args, staffPin })}\n`);
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
        throw new Problem(answer.code, answer.message, answer.nextStep);
    }
  }
  throw new Problem('core-hung-up', 'the kiosk ended before the command did', 'Look at the kiosk’s log and try again.');
}
