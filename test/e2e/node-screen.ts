import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { type WebSocketLike, webSocketChannel } from '../../electron/contract/channel-websocket.ts';
import type { CoreClient } from '../../electron/contract/methods.ts';
import { connectClient } from '../../electron/contract/rpc.ts';
import type { BrowserHost } from '../../electron/host-browser/browser-host.ts';

/** A screen without a browser: it enters through the bootstrap page and uses the same contract. */
export interface NodeScreen {
  /**
   * Connects, or waits until the core is available.
   * @param sent called with the id of each request
   */
  connect(sent?: (id: string) => void): Promise<{ client: CoreClient; closed: Promise<unknown>; close(): void }>;
}

export async function enterKiosk(host: Pick<BrowserHost, 'url' | 'enterFile'>): Promise<NodeScreen> {
  if (!host.enterFile) throw new Error('the way in was used already');
  const token = readFileSync(host.enterFile, 'utf8').match(/name="token" value="([^"]+)"/)?.[1] ?? '';
  const answer = await fetch(`${host.url}/enter`, {
    method: 'POST',
    headers: { origin: 'null', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token }),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (!cookie) throw new Error(`the host did not let us in: ${answer.status}`);

  function open(): Promise<WebSocket | null> {
    return new Promise((resolve) => {
      const socket = new WebSocket(`${host.url.replace('http', 'ws')}/rpc`, {
        headers: { cookie, origin: host.url },
        handshakeTimeout: 1_500,
      });
      socket.once('open', () => resolve(socket));
      // Refused, or handed to a core that died before it answered: either way it is not available yet.
      socket.once('error', () => resolve(null));
      socket.once('close', () => resolve(null));
    });
  }

  return {
    async connect(sent = () => undefined) {
      for (;;) {
        const socket = await open();
        if (socket) {
          const channel = webSocketChannel(socket as unknown as WebSocketLike);
          const post = (message: unknown) => {
            sent((message as { i: string }).i);
            channel.post(message);
          };
          const rpc = connectClient({ ...channel, post });
          return { client: rpc.client, closed: rpc.closed, close: () => socket.close() };
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}
