import { sealLogs } from '../protocol/seal/farewell.ts';
import { LOGS_PATH } from '../protocol/wire/farewell.ts';
import { Problem } from '../protocol/wire/problem.ts';
import type { DeviceSecret } from './identity.ts';
import { VerifiedAgent } from './tls/agent.ts';
import { callServer, statedCode } from './tls/request.ts';
import type { TransportOptions } from './transport/interface.ts';

/**
 * Sends the kiosk's log as the server asked for it, signed and sealed.
 *
 * @param gz gzip of lines of JSON
 * @throws Problem of the connection, or by the server's code: `command-unknown` where nobody waits for it any more
 */
export async function sendLogs(
  options: TransportOptions,
  { secret, command, gz }: { readonly secret: DeviceSecret; readonly command: string; readonly gz: Uint8Array },
  signal: AbortSignal,
): Promise<void> {
  const agent = new VerifiedAgent(options);
  try {
    const body = await sealLogs(
      { command, gz: Buffer.from(gz).toString('base64') },
      {
        device: options.device,
        serverId: options.bundle.serverId,
        signing: secret.signing,
        server: options.keys().sealing,
      },
    );
    const answer = await callServer(
      agent,
      {
        method: 'POST',
        url: new URL(LOGS_PATH, options.bundle.serverUrl),
        headers: { 'content-type': 'application/jose' },
        body,
        maxBytes: 4096,
      },
      signal,
    );
    if (answer.status === 204) return;
    const code = statedCode(answer);
    throw new Problem(code, `The server did not take the log (${answer.status}, ${code}).`, 'It is tried again.');
  } finally {
    agent.destroy();
  }
}
