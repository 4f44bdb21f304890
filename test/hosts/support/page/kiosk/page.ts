import { openChannel, readCoreState } from '../../../../../electron/contract/connect.ts';
import { connectClient, type RpcClient } from '../../../../../electron/contract/rpc.ts';

/** The minimum that a screen does: connect, show the state, reconnect. The core's client is `window.core`. */
const show = (id: string, text: string): void => {
  document.getElementById(id)!.textContent = text;
};
declare global {
  interface Window {
    core: RpcClient['client'];
    violations: string[];
    connections: number;
  }
}
// As the kiosk's own page does.
if (location.pathname === '/enter') history.replaceState(null, '', '/');
window.violations = [];
window.connections = 0;
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
});

for (;;) {
  const channel = await openChannel();
  if (channel) {
    const rpc = connectClient(channel);
    window.core = rpc.client;
    show('site', (await rpc.client.hello({}).catch(() => null))?.site ?? '');
    window.connections += 1;
    show('state', 'connected');
    await rpc.closed;
    show('state', 'lost');
  }
  const state = await readCoreState();
  show('code', state?.code ?? '');
  show('state', state ? state.state : 'host gone');
  await new Promise((resolve) => setTimeout(resolve, 200));
}
