import { z } from 'zod';
import type { Channel } from './channel.ts';
import { messagePortChannel } from './channel-port.ts';
import { openWebSocketChannel } from './channel-websocket.ts';
import { CoreState } from './host.ts';
import { ASK_PORT, ASK_PRINT, GIVE_PORT, PORT_CLOSED } from './port-messages.ts';

// zod would try `new Function` for speed. The page's content security policy refuses it, and each try would look like an attack.
z.config({ jitless: true });

/** True when the page was served by the Electron host. */
const inElectron = (): boolean => location.protocol === 'app:';

/**
 * Opens a channel to the core in either host: in Electron the page asks the preload for a MessagePort, in the browser host it
 * opens a WebSocket to its own origin. Returns null if no channel is available now: call `readCoreState`, wait, and try again.
 */
export const openChannel = (): Promise<Channel | null> => (inElectron() ? openPortChannel() : openWebSocketChannel());

/** Prints the page to the default printer, without a dialog, in either host. The core knows the outcome. */
export function printPage(): void {
  if (inElectron()) window.postMessage(ASK_PRINT, location.origin);
  else window.print();
}

/** Asks the preload for a port. Resolves to null if none arrives within five seconds. */
function openPortChannel(): Promise<Channel | null> {
  const page = window;
  const { origin } = location;
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(null), 5_000);
    const onMessage = (event: MessageEvent): void => {
      // A window also receives messages of frames and other windows; the preload posts as this window itself.
      if (event.source !== page || event.origin !== origin) return;
      if (event.data === PORT_CLOSED) finish(null);
      const port = event.ports[0];
      if (event.data !== GIVE_PORT || !port) return;
      const channel = messagePortChannel(port);
      const onClosed = (closed: MessageEvent): void => {
        if (closed.source === page && closed.data === PORT_CLOSED) channel.close();
      };
      page.addEventListener('message', onClosed);
      channel.onClose(() => page.removeEventListener('message', onClosed));
      finish(channel);
    };
    const finish = (channel: Channel | null): void => {
      clearTimeout(timer);
      page.removeEventListener('message', onMessage);
      resolve(channel);
    };
    page.addEventListener('message', onMessage);
    page.postMessage(ASK_PORT, origin);
  });
}

/** Returns what the host reports about the core, or null if the host itself does not answer. */
export async function readCoreState(): Promise<CoreState | null> {
  try {
    const response = await fetch('/core-state', { cache: 'no-store' });
    const parsed = CoreState.safeParse(await response.json());
    return parsed.success ? parsed.data : null;
  } catch {
    // The host is restarting or not running. The page shows that and asks again.
    return null;
  }
}
