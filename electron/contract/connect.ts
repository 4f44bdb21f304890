import type { Channel } from './channel.ts';
import { messagePortChannel } from './channel-port.ts';
import { openWebSocketChannel } from './channel-websocket.ts';
import { CoreState } from './host.ts';

/**
 * How a page reaches its core, in either host. In Electron the page posts ASK_PORT to its own window; the preload
 * passes that on, and a MessagePort comes back the same way. In the browser host it is a WebSocket on the page's origin.
 */
export const ASK_PORT = 'smartpresence:ask-port';
export const GIVE_PORT = 'smartpresence:port';
/** Posted by the preload when the core is gone: a port's own close event does not fire for every kind of crash. */
export const PORT_GONE = 'smartpresence:port-gone';

/** True when the page was served by the Electron host. */
export const inElectron = (): boolean => location.protocol === 'app:';

/** Opens a channel to the core, or gives null when there is none now: ask `readCoreState`, wait a second, try again. */
export const openChannel = (): Promise<Channel | null> => (inElectron() ? openPortChannel() : openWebSocketChannel());

/** Asks the preload for a port; null when none came within `wait` ms. */
function openPortChannel(wait = 5_000): Promise<Channel | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(null), wait);
    const onMessage = (event: MessageEvent): void => {
      // A window also gets messages of frames and other windows; the preload posts as this window itself.
      if (event.source !== window || event.origin !== location.origin) return;
      if (event.data === PORT_GONE) finish(null);
      const port = event.ports[0];
      if (event.data !== GIVE_PORT || !port) return;
      const channel = messagePortChannel(port);
      const onGone = (gone: MessageEvent): void => {
        if (gone.source === window && gone.data === PORT_GONE) channel.close();
      };
      window.addEventListener('message', onGone);
      channel.onClose(() => window.removeEventListener('message', onGone));
      finish(channel);
    };
    const finish = (channel: Channel | null): void => {
      clearTimeout(timer);
      window.removeEventListener('message', onMessage);
      resolve(channel);
    };
    window.addEventListener('message', onMessage);
    window.postMessage(ASK_PORT, location.origin);
  });
}

/** What the host says about the core; null when the host itself does not answer. */
export async function readCoreState(): Promise<CoreState | null> {
  try {
    const response = await fetch('/core-state', { cache: 'no-store' });
    const parsed = CoreState.safeParse(await response.json());
    return parsed.success ? parsed.data : null;
  } catch {
    // The host is restarting or gone; the page says so and asks again.
    return null;
  }
}
