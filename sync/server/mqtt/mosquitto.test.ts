import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mosquittoAcl, writeMosquitto } from './mosquitto.ts';

const SERVER = randomUUID();

test('the access rules name each replica, and give devices their own topics alone', () => {
  expect(mosquittoAcl(SERVER, ['a', 'b'])).toBe(`user ${SERVER}.a
topic read sp/v1/${SERVER}/up/+
topic read sp/v1/${SERVER}/presence/+
topic write sp/v1/${SERVER}/down/+

user ${SERVER}.b
topic read sp/v1/${SERVER}/up/+
topic read sp/v1/${SERVER}/presence/+
topic write sp/v1/${SERVER}/down/+

pattern write sp/v1/${SERVER}/up/%u
pattern write sp/v1/${SERVER}/presence/%u
pattern read sp/v1/${SERVER}/down/%u
`);
  expect(mosquittoAcl(SERVER)).toContain(`user ${SERVER}\n`);
});

test('the files are the broker’s own, and no folder’s name can add a setting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-conf-'));
  try {
    const options = {
      folder,
      dataFolder: join(folder, 'data'),
      serverId: SERVER,
      certificate: { certPem: 'CERT\n', keyPem: 'KEY\n' },
      caPems: ['CA1\n', 'CA2\n'],
      port: 8883,
      wssPort: null,
    };
    const { config } = writeMosquitto(options);
    const text = readFileSync(config, 'utf8');
    for (const line of ['allow_anonymous false', 'require_certificate true', 'tls_version tlsv1.3'])
      expect(text.split('\n')).toContain(line);
    expect(text).not.toContain('websockets');
    expect(readFileSync(join(folder, 'ca.pem'), 'utf8')).toBe('CA1\nCA2\n');
    for (const name of ['broker.key', 'acl', 'mosquitto.conf'])
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    expect(() => writeMosquitto({ ...options, dataFolder: `${folder}/x\nallow_anonymous true` })).toThrow(/line break/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
