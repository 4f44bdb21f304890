import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Problem } from '../../../sync/protocol/wire/problem.ts';
import type { CommandContext, StoreCommand } from '../commands/command.ts';
import type { StaffDesk } from '../staff/service.ts';
import { type ControlAnswer, ControlRequest, controlSocketPath, MAX_REQUEST_BYTES } from './protocol.ts';

export interface ControlDeps {
  readonly context: CommandContext;
  readonly staff: StaffDesk;
  readonly commands: readonly StoreCommand[];
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
}

/** Listens on the control socket until closed. One command at a time: they share the store. */
export async function startControl(deps: ControlDeps): Promise<{ close(): Promise<void> }> {
  const path = controlSocketPath(deps.context.home);
  rmSync(path, { force: true }); // we hold the store's lock, so a socket still here belongs to a dead core
  const open = new Set<Socket>();
  let turn: Promise<void> = Promise.resolve();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', (cause) => deps.log('warn', 'control connection failed', { cause: String(cause) }));
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > MAX_REQUEST_BYTES) socket.destroy();
    });
    createInterface({ input: socket }).once('line', (line) => {
      turn = turn.then(() => serve(deps, line, socket)).finally(() => socket.end());
    });
  });
  // The umask closes the gap between bind and chmod: nobody else can connect in between.
  const mask = process.umask(0o077);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

async function serve(deps: ControlDeps, line: string, socket: Socket): Promise<void> {
  const answer = (value: ControlAnswer) => void socket.write(`${JSON.stringify(value)}\n`);
  try {
    const request = ControlRequest.parse(parseJson(line));
    const command = deps.commands.find((c) => c.name === request.command);
    if (!command)
      throw new Problem(
        'command-unknown',
        `there is no command ${request.command}`,
        'Update the command line and the kiosk to the same version.',
      );
    await deps.staff.checkPin(request.staffPin);
    const args = command.args.parse(request.args);
    deps.context.store.append({
      type: 'health',
      open: { code: 'operator-command', detail: { command: command.name } },
      personal: {},
    });
    const exitCode = await command.run(deps.context, args, {
      line: (value) => answer({ kind: 'line', value }),
      progress: (done, total, what) => answer({ kind: 'progress', done, total, what }),
    });
    answer({ kind: 'done', exitCode });
  } catch (cause) {
    deps.log('warn', 'control command refused or failed', { cause: String(cause) });
    if (cause instanceof Problem)
      answer({ kind: 'problem', code: cause.code, message: cause.message, nextStep: cause.nextStep });
    else
      answer({
        kind: 'problem',
        code: 'command-failed',
        message: cause instanceof Error ? cause.message : String(cause),
        nextStep: 'See the kiosk’s log.',
      });
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Problem(
      'control-bad-request',
      'the request is not JSON',
      'Use the command line that came with this kiosk.',
      { cause },
    );
  }
}
