import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { approveDevice, createProvisioningCode } from '../../sync/protocol/api/devices.ts';
import { PROTOCOL_VERSIONS } from '../../sync/protocol/wire/batch.ts';
import { newServer, type TestServer } from '../kit/server.ts';
import { AnotherClient } from './another-client.ts';

/** Proves that docs/develop/protocol.md suffices to write another client: this one shares no code with ours. */
const VECTORS = join(import.meta.dirname, '../vectors/messages.json');
let server: TestServer;
beforeAll(async () => {
  server = await newServer();
});
afterAll(() => server?.close());

test.each(PROTOCOL_VERSIONS)(
  'in version %i a client written from the protocol page alone joins, sends, is acknowledged, reads its snapshot, uploads and renews',
  async (version) => {
    const source = readFileSync(join(import.meta.dirname, 'another-client.ts'), 'utf8');
    expect([...source.matchAll(/from '([^']+)'/g)].filter(([, from]) => !from!.startsWith('node:'))).toEqual([]);
    const client = new AnotherClient(version);
    const { code } = await server.call(createProvisioningCode, { body: { name: 'Of another make' } });
    expect(JSON.parse((await client.join(code)).text)).toEqual({
      state: 'pending',
      device: client.device,
      fingerprint: client.fingerprint,
    });
    expect(await client.poll()).toBe(202);
    await server.call(approveDevice, { params: { device: client.device }, body: { fingerprint: client.fingerprint } });
    expect(await client.poll()).toBe(200);

    const person = randomUUID();
    const photo = randomBytes(600_000);
    const address = createHash('sha256').update(photo).digest('base64url');
    client.event(
      'person',
      { change: 'added' },
      { person, name: 'Zoë Müller', number: String(1000 + version), language: 'de' },
    );
    client.event(
      'checkin',
      { direction: 'in', method: 'face', liveness: 'passed', threshold: 0.5, gallery: { people: 1, templates: 3 } },
      { person, score: 0.83, second: null, photo: address, photoKey: randomBytes(32).toString('base64url') },
    );
    const sealed = client.batch();
    expect(await client.send(sealed)).toMatchObject({ committed: 2, safe: 0 });
    // Sending the same batch again changes nothing.
    expect(await client.send(sealed)).toMatchObject({ committed: 2 });

    const report = JSON.parse(readFileSync(VECTORS, 'utf8')).askWithReport.body.report;
    const { changes, ack } = await client.snapshot(report);
    expect(changes.filter((c) => ['update', 'config', 'command'].includes(c.kind as string))).toEqual([
      { kind: 'update', update: null },
      { kind: 'config', revision: 0, config: {} },
    ]);
    expect(changes).toContainEqual({
      kind: 'person',
      person,
      name: 'Zoë Müller',
      number: String(1000 + version),
      language: 'de',
      gpsOptOut: false,
    });
    expect(ack.committed).toBe(2);

    expect(await client.upload(photo)).toEqual({ received: photo.length, complete: true });
    await client.renew();
    client.event('health', { code: 'storage', detail: { state: 'ok' } }, {});
    expect(await client.send(client.batch())).toMatchObject({ committed: 3 });
  },
  30_000,
);
