import { readDeviceSecret } from '../../core/keys/credential.ts';

/** Where the device secret is kept; the person who starts the kiosk chooses. */
export type SecretPlace = 'file' | 'systemd';

export interface DeviceSecret {
  /** 32 bytes of systemd's credential; null: the 0600 file in the kiosk's folder. */
  readonly bytes: Uint8Array | null;
  /** What the terminal says about it. */
  readonly notice: string;
}

/** @throws Problem `device-secret-missing` or `device-secret-bad`: asked for systemd's credential, and there is none */
export function deviceSecretOf(place: SecretPlace, env: NodeJS.ProcessEnv): DeviceSecret {
  const secret = readDeviceSecret(env, place === 'file');
  return secret === null
    ? {
        bytes: null,
        notice: 'Device secret: in a 0600 file, for evaluation (--device-secret file; the other choice is systemd).',
      }
    : { bytes: Buffer.from(secret, 'base64'), notice: 'Device secret: from systemd’s credential.' };
}
