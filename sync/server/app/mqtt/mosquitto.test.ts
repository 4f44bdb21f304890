import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { brokerNames, mosquittoAcl, writeMosquitto, writeMosquittoAccess } from './mosquitto.ts';

const SERVER = randomUUID();
const [GONE, LATER] = [randomUUID(), randomUUID()].sort() as [string, string];

test('the access rules name each replica, and give devices only their own topics', () => {
  expect(mosquittoAcl({ serverId: SERVER, replicas: ['a', 'b'], revoked: [LATER, GONE] })).toBe(`user server.${SERVER}.a
topic read sp/v1/${SERVER}/up/+
topic read sp/v1/${SERVER}/presence/+
topic write sp/v1/${SERVER}/down/+

user server.${SERVER}.b
topic read sp/v1/${SERVER}/up/+
topic read sp/v1/${SERVER}/presence/+
topic write sp/v1/${SERVER}/down/+

user ${GONE}
topic deny #

user ${LATER}
topic deny #

pattern write sp/v1/${SERVER}/up/%u
pattern write sp/v1/${SERVER}/presence/%u
pattern read sp/v1/${SERVER}/down/%u
`);
  expect(mosquittoAcl({ serverId: SERVER })).toContain(`user server.${SERVER}\n`);
  // A server without a name, beside replicas that will be added.
  const moving = mosquittoAcl({ serverId: SERVER, replicas: ['', 'a'] });
  for (const user of ['', '.a']) expect(moving).toContain(`user server.${SERVER}${user}\n`);
  expect(brokerNames(['', 'a'])).toBe('the one without SMARTPRESENCE_REPLICA, a');
  expect(brokerNames([])).toBe('this one alone');
  expect(brokerNames(['a', 'b'])).toBe('a, b');
});

test('the files are private to the broker, and a folder’s name can’t add a setting', () => {
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
    // Writing only the rules: unchanged rules are not written, and a folder without rules is refused.
    expect(writeMosquittoAccess(folder, { serverId: SERVER })).toBe(false);
    expect(writeMosquittoAccess(folder, { serverId: SERVER, revoked: [GONE] })).toBe(true);
    expect(readFileSync(join(folder, 'acl'), 'utf8')).toContain(`user ${GONE}\ntopic deny #\n`);
    expect(() => writeMosquittoAccess(join(folder, 'data'), { serverId: SERVER })).toThrow(/no access rules/);
    for (const name of ['broker.key', 'acl', 'mosquitto.conf'])
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    expect(() => writeMosquitto({ ...options, dataFolder: `${folder}/x\nallow_anonymous true` })).toThrow(/line break/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
