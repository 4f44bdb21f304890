import type { Socket } from 'node:net';
import { Problem } from '../../../sync/protocol/wire/problem.ts';

/**
 * The first line that comes out of a socket, without its end; what follows is thrown away.
 * @throws Problem `control-request-too-large`, `control-request-cut-off` when the other side ends or fails before the
 *   line does, `control-request-late` when the line has not come after `ms`
 */
export function requestLine(socket: Socket, maxBytes: number, ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const settle = (result: string | Problem) => {
      clearTimeout(timer);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      socket.resume(); // read on and throw away, else the end of the other side would never be seen
      if (typeof result === 'string') resolve(result);
      else reject(result);
    };
    const refuse = (code: string, message: string) =>
      settle(new Problem(code, message, 'Use the command line that came with this kiosk.'));
    const onData = (chunk: Buffer) => {
      const end = chunk.indexOf(0x0a);
      const piece = end === -1 ? chunk : chunk.subarray(0, end);
      received += piece.length;
      if (received > maxBytes) {
        refuse('control-request-too-large', `the request is longer than ${maxBytes} bytes`);
        return;
      }
      chunks.push(piece);
      if (end !== -1) settle(Buffer.concat(chunks).toString('utf8'));
    };
    const onEnd = () => refuse('control-request-cut-off', 'the request ended before its line did');
    const timer = setTimeout(() => refuse('control-request-late', `no request came within ${ms} ms`), ms);
    socket.on('data', onData).once('end', onEnd).once('close', onEnd);
  });
}
