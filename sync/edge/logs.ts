import { sealLogs } from '../protocol/seal/farewell.ts';
import { LOGS_PATH } from '../protocol/wire/farewell.ts';
import type { DeviceSecret } from './identity.ts';
import { VerifiedAgent } from './tls/agent.ts';
import { postSigned } from './tls/request.ts';
import type { TransportOptions } from './transport/interface.ts';

/**
 * Sends the kiosk's log, as requested by the server, signed and sealed.
 *
 * @param gz gzip of lines of JSON
 * @throws Problem of the connection, or with the server's code: `command-unknown` if the command is no longer open
 */
export async function sendLogs(
  options: TransportOptions,
  { secret, command, gz }: { readonly secret: DeviceSecret; readonly command: string; readonly gz: Uint8Array },
  signal: AbortSignal,
): Promise<void> {
  const body = await sealLogs(
    { command, gz: Buffer.from(gz).toString('base64') },
    {
      device: options.device,
      serverId: options.bundle.serverId,
      signing: secret.signing,
      server: options.keys().sealing,
    },
  );
  const url = new URL(LOGS_PATH, options.bundle.serverUrl);
  await postSigned(new VerifiedAgent(options), url, { body, what: 'the log' }, signal);
}
