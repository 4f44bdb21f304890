import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Logger } from 'pino';
import { z } from 'zod';
import { Problem } from '../../../errors/problem.ts';

/**
 * The operator's way into a server whose embedded database no second process may open: a 0600 socket in the server home,
 * one request a connection, one line of JSON each way. Anyone who reaches it could read the home itself.
 */
const socketPath = (home: string): string => join(home, 'operator.sock');

/** Longest request, bytes: a request file of a kiosk fits. */
const MAX_REQUEST_BYTES = 64 * 1024;
const REQUEST_MS = 10_000;

const Request = z.strictObject({ v: z.literal(1), operation: z.string().max(60), args: z.unknown() });
const Answer = z.union([
  z.strictObject({ result: z.unknown() }),
  z.strictObject({ problem: z.strictObject({ code: z.string(), message: z.string(), nextStep: z.string() }) }),
]);

/** Runs an operation by its name. @throws Problem */
export type RunOperation = (operation: string, args: unknown) => Promise<unknown>;

/** Listens until closed. @throws what `listen` of a socket throws, e.g. for a path that is too long */
export async function listenForOperator(home: string, run: RunOperation, log: Logger): Promise<() => Promise<void>> {
  const path = socketPath(home);
  rmSync(path, { force: true }); // we hold the lock of the home: what is still here is a dead server's
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', (err) => log.debug({ err }, 'operator connection failed'));
    socket.setTimeout(REQUEST_MS, () => socket.destroy());
    void serve(socket, run, log);
  });
  // The umask closes the gap between bind and chmod.
  const mask = process.umask(0o077);
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of open) socket.destroy();
    await closed;
  };
}

async function serve(socket: Socket, run: RunOperation, log: Logger): Promise<void> {
  try {
    const { operation, args } = Request.parse(JSON.parse(await firstLine(socket)));
    socket.setTimeout(0);
    log.info({ operation }, 'operator');
    socket.end(`${JSON.stringify({ result: (await run(operation, args)) ?? null })}\n`);
  } catch (cause) {
    const problem = cause instanceof Problem ? cause : new Problem('operation-failed');
    if (!(cause instanceof Problem)) log.error({ err: cause }, 'operation failed');
    const { code, message, nextStep } = problem;
    socket.end(`${JSON.stringify({ problem: { code, message, nextStep } })}\n`);
  }
}

async function firstLine(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const end = chunk.indexOf(0x0a);
    const piece = end === -1 ? chunk : chunk.subarray(0, end);
    size += piece.length;
    if (size > MAX_REQUEST_BYTES) throw new Problem('request-too-large');
    chunks.push(piece);
    if (end !== -1) return Buffer.concat(chunks).toString('utf8');
  }
  throw new Problem('request-cut-off');
}

/**
 * Has a running server do an operation.
 *
 * @throws Problem the server's own, `server-unreachable` when nobody listens in this home
 */
export async function askServer(home: string, operation: string, args: unknown): Promise<unknown> {
  const socket = connect(socketPath(home));
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  } catch (cause) {
    throw new Problem('server-not-answering', { cause });
  }
  try {
    socket.write(`${JSON.stringify({ v: 1, operation, args })}\n`);
    for await (const line of createInterface({ input: socket })) {
      const answer = Answer.parse(JSON.parse(line));
      if ('result' in answer) return answer.result;
      throw Problem.from(answer.problem);
    }
    throw new Problem('server-hung-up');
  } finally {
    socket.destroy();
  }
}
