import { Problem } from '../../errors/problem.ts';
import type { Ed25519PrivateJwk, Ed25519PublicJwk, X25519PublicJwk } from '../wire/batch.ts';
import {
  FAREWELL_TYP,
  Farewell,
  FarewellHeader,
  LOGS_TYP,
  Logs,
  LogsHeader,
  MAX_FAREWELL_BYTES,
  MAX_LOGS_BYTES,
  MAX_LOGS_PLAIN,
} from '../wire/farewell.ts';
import { type DeviceKeys, headerFrom, openFromDevice, type Sender } from './device.ts';
import { claimedBody, type Kind, sealMessage, signMessage, verifyMessage } from './message.ts';

const LOGS: Kind<LogsHeader, Logs> = {
  noun: 'logs',
  typ: LOGS_TYP.logs,
  header: LogsHeader,
  body: Logs,
  maxBytes: MAX_LOGS_BYTES,
  sealed: { typ: LOGS_TYP.sealed, maxPlain: MAX_LOGS_PLAIN },
  badSignature: 'bad-signature',
};

const FAREWELL: Kind<FarewellHeader, Farewell> = {
  noun: 'farewell',
  typ: FAREWELL_TYP,
  header: FarewellHeader,
  body: Farewell,
  maxBytes: MAX_FAREWELL_BYTES,
  badSignature: 'bad-signature',
};

interface From {
  readonly device: string;
  readonly serverId: string;
}

/** Signs a log as the device and seals it to the server. @returns compact JWE, ASCII, at most MAX_LOGS_BYTES */
export async function sealLogs(
  logs: Logs,
  from: From & { readonly signing: Ed25519PrivateJwk; readonly server: X25519PublicJwk },
): Promise<string> {
  const header = headerFrom(LOGS_TYP.logs, from);
  return sealMessage(LOGS, await signMessage(LOGS, header, Logs.parse(logs), from.signing), from.server);
}

/** @throws Problem `logs-too-large`, `logs-malformed`, and those of every sealed message of a device */
export async function openLogs(sealed: string, keys: DeviceKeys, expect: Sender): Promise<Logs> {
  const { body } = await openFromDevice(LOGS, sealed, keys, expect);
  return body;
}

/** @param key the device's own if `farewell.key` is null; otherwise the private half of `farewell.key` */
export function signFarewell(farewell: Farewell, from: From, key: Ed25519PrivateJwk): Promise<string> {
  return signMessage(FAREWELL, headerFrom(FAREWELL_TYP, from), Farewell.parse(farewell), key);
}

/**
 * Opens a farewell with the key that must have signed it.
 *
 * @param keyFor returns the device's key, or the farewell's own if the device has announced it; null: neither
 * @throws Problem `farewell-too-large`, `farewell-malformed`, `wrong-audience`, `unknown-device`, `bad-signature`
 */
export async function openFarewell(
  signed: string,
  serverId: string,
  keyFor: (device: string, claimed: Farewell) => Promise<Ed25519PublicJwk | null>,
): Promise<{ device: string; farewell: Farewell }> {
  if (signed.length > MAX_FAREWELL_BYTES) throw new Problem('farewell-too-large');
  const { header, body } = await verifyMessage(FAREWELL, signed, async ({ iss, aud }) => {
    if (aud !== serverId) throw new Problem('wrong-audience', { noun: FAREWELL.noun });
    const key = await keyFor(iss, claimedBody(FAREWELL, signed));
    if (!key) throw new Problem('unknown-device');
    return key;
  });
  return { device: header.iss, farewell: body };
}
