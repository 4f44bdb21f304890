import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { jsonOrNull } from '../../../sync/edge/tls/request.ts';
import { Problem } from '../../../sync/errors/problem.ts';
import { type CommandContext, parseArguments, type StoreCommand } from '../command.ts';
import type { StaffService } from '../staff/service.ts';
import { actingAs } from '../store/actor.ts';
import { type ControlAnswer, ControlRequest, controlSocketPath, MAX_REQUEST_BYTES, REQUEST_MS } from './protocol.ts';

export interface ControlDeps {
  readonly context: CommandContext;
  readonly staff: StaffService;
  readonly commands: readonly StoreCommand[];
  /** How long a connection may take to send its request, ms; REQUEST_MS by default. */
  readonly requestMs?: number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;
}

/** How long a refused connection is kept open so that the client can read why, ms. */
const LINGER_MS = 2_000;

/** Listens on the control socket until closed. Runs one command at a time, since all share the store. */
export async function startControl(deps: ControlDeps): Promise<{ close(): Promise<void> }> {
  const path = controlSocketPath(deps.context.home);
  rmSync(path, { force: true }); // we hold the store's lock, so an existing socket belongs to a dead core
  const open = new Set<Socket>();
  let queue: Promise<void> = Promise.resolve();
  // `store rekey` closes the store; the answer is sent first.
  const { store, restart } = deps.context;
  const restartIfClosed = () => {
    if (store.closed) restart?.();
  };
  // Half-open: a client that has sent its request and ended its side can still read the answer.
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', (cause) => deps.log('warn', 'control connection failed', { cause: String(cause) }));
    // Requests are read immediately, so that a slow client holds up nobody, and executed in turn.
    const request = requestLine(socket, MAX_REQUEST_BYTES, deps.requestMs ?? REQUEST_MS);
    request.then(
      (line) => {
        if (line === null) return void socket.end();
        queue = queue.then(() => serve(deps, line, socket)).finally(() => socket.end(restartIfClosed));
      },
      (cause) => {
        refuse(deps, socket, cause);
        socket.end();
        // Leave time to read the reason, then cut off a client that keeps sending.
        setTimeout(() => socket.destroy(), LINGER_MS).unref();
      },
    );
  });
  // The umask closes the gap between bind and chmod, when others could connect.
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
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
      await queue; // a running command finishes before its store is closed
    },
  };
}

/**
 * Returns the first line from a socket, without its newline, and discards the rest. Null if the other side ends without sending a
 * byte: then the command line only checked whether a core is running.
 * @throws Problem `control-request-too-large`, `control-request-cut-off` if the other side ends or fails before the line is
 * complete, `control-request-late` if the line has not arrived after `ms`
 */
function requestLine(socket: Socket, maxBytes: number, ms: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const settle = (result: string | null | Problem) => {
      clearTimeout(timer);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      socket.resume(); // keep reading and discarding, otherwise the other side's end would never be seen
      if (result instanceof Problem) reject(result);
      else resolve(result);
    };
    const onData = (chunk: Buffer) => {
      const end = chunk.indexOf(0x0a);
      const piece = end === -1 ? chunk : chunk.subarray(0, end);
      received += piece.length;
      if (received > maxBytes) {
        settle(new Problem('control-request-too-large', { max: maxBytes }));
        return;
      }
      chunks.push(piece);
      if (end !== -1) settle(Buffer.concat(chunks).toString('utf8'));
    };
    const onEnd = () => settle(received === 0 ? null : new Problem('control-request-cut-off'));
    const timer = setTimeout(() => settle(new Problem('control-request-late', { ms })), ms);
    socket.on('data', onData).once('end', onEnd).once('close', onEnd);
  });
}

const send = (socket: Socket, value: ControlAnswer): void => {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`);
};

function refuse(deps: ControlDeps, socket: Socket, cause: unknown): void {
  deps.log('warn', 'control command rejected or failed', { cause: String(cause) });
  const { code, message, nextStep } =
    cause instanceof Problem
      ? cause
      : new Problem('command-failed', { reason: cause instanceof Error ? cause.message : String(cause) });
  send(socket, { kind: 'problem', code, message, nextStep });
}

async function serve(deps: ControlDeps, line: string, socket: Socket): Promise<void> {
  if (socket.destroyed) return; // the client gave up while waiting for its turn
  try {
    const request = parseRequest(line);
    const command = deps.commands.find((c) => c.name === request.command);
    if (!command) throw new Problem('control-command-unknown', { command: JSON.stringify(request.command) });
    const actor = await deps.staff.checkPin(request.staffPin ?? null, 'socket', request.staff);
    const args = parseArguments(command, request.args);
    const closed = new AbortController();
    socket.once('close', () => closed.abort());
    const run = async () => {
      deps.context.store.events.append({
        type: 'health',
        open: { code: 'operator-command', detail: { command: command.name } },
        personal: {},
      });
      return command.run(deps.context, args, {
        line: (value) => send(socket, { kind: 'line', value }),
        progress: (done, total, what) => send(socket, { kind: 'progress', done, total, what }),
        signal: closed.signal,
      });
    };
    const exitCode = await (actor === null ? run() : actingAs(actor, run));
    send(socket, { kind: 'done', exitCode });
  } catch (cause) {
    refuse(deps, socket, cause);
  }
}

/** @throws Problem `control-bad-request`, which repeats nothing from the request: it may contain a PIN */
function parseRequest(line: string): ControlRequest {
  const parsed = ControlRequest.safeParse(jsonOrNull(line));
  if (!parsed.success) throw new Problem('control-bad-request', { cause: parsed.error });
  return parsed.data;
}
