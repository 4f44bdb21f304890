import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** A page controlled only by `Runtime.evaluate` of Chromium's own protocol: Playwright's control keeps a page from printing. */
export interface PlainPage {
  /** Runs a function in the page, which has access only to its argument. */
  run<T, A>(work: (argument: A) => T, argument: A): Promise<T>;
  close(): void;
}

/** @param port of `--remote-debugging-port`; waits for the browser and for a page of this origin */
export async function plainPage(port: number, origin: string): Promise<PlainPage> {
  let address: string | undefined;
  while (!address) {
    await sleep(100);
    const pages = await fetch(`http://127.0.0.1:${port}/json/list`).then(
      (answer) => answer.json() as Promise<{ url: string; webSocketDebuggerUrl: string }[]>,
      () => [],
    );
    address = pages.find(({ url }) => url === `${origin}/`)?.webSocketDebuggerUrl;
  }
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.on('message', (message) => {
    const answer = JSON.parse(String(message)) as Answer;
    waiting.get(answer.id)?.(answer);
  });
  // A page that closes sends no more answers.
  socket
    .on('error', () => undefined)
    .on('close', () => {
      for (const answer of waiting.values()) answer({ id: 0, error: 'the page is closed' });
    });
  let calls = 0;
  return {
    async run(work, argument) {
      const id = ++calls;
      const expression = `(${work})(${JSON.stringify(argument)})`;
      const { result, error } = await new Promise<Answer>((resolve) => {
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression, returnByValue: true } }));
      });
      waiting.delete(id);
      if (error || result?.exceptionDetails) throw new Error(JSON.stringify(error ?? result?.exceptionDetails));
      return result!.result.value as never;
    },
    close: () => socket.close(),
  };
}

interface Answer {
  readonly id: number;
  readonly result?: { readonly result: { readonly value: unknown }; readonly exceptionDetails?: unknown };
  readonly error?: unknown;
}
