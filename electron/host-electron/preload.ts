import { ipcRenderer } from 'electron';
import { ASK_PORT, ASK_PRINT, GIVE_PORT, PORT_CLOSED } from '../contract/port-messages.ts';

/**
 * The whole bridge: the page requests a connection and gets a MessagePort to the core, and it can request printing. No API of
 * Electron or Node is exposed to the page, and no other message passes in either direction.
 */
window.addEventListener('message', (event) => {
  if (event.source !== window) return;
  if (event.data === ASK_PORT) ipcRenderer.send(ASK_PORT);
  if (event.data === ASK_PRINT) ipcRenderer.send(ASK_PRINT);
});
ipcRenderer.on(GIVE_PORT, (event) => window.postMessage(GIVE_PORT, location.origin, [...event.ports]));
ipcRenderer.on(PORT_CLOSED, () => window.postMessage(PORT_CLOSED, location.origin));
