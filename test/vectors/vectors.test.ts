import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { verifyPin } from '../../electron/core/pin/pin-hash.ts';
import { openAck } from '../../sync/protocol/seal/ack.ts';
import { openAsk } from '../../sync/protocol/seal/ask.ts';
import { openBatch } from '../../sync/protocol/seal/batch.ts';
import { openCardTemplates, readTemplateCard } from '../../sync/protocol/seal/card-template.ts';
import { commit, headerHash } from '../../sync/protocol/seal/chain.ts';
import { checkEvent } from '../../sync/protocol/seal/event.ts';
import { openFarewell, openLogs } from '../../sync/protocol/seal/farewell.ts';
import { caPin, deviceFingerprint, serverFingerprint } from '../../sync/protocol/seal/fingerprint.ts';
import { openGrant, openJoin, openProof } from '../../sync/protocol/seal/join.ts';
import { readJoinCode } from '../../sync/protocol/seal/join-code.ts';
import { keyId, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { readOwnCode } from '../../sync/protocol/seal/own-code.ts';
import { pad } from '../../sync/protocol/seal/padding.ts';
import { openPage } from '../../sync/protocol/seal/page.ts';
import { openPosition } from '../../sync/protocol/seal/position.ts';
import { messageDigest, openRejection } from '../../sync/protocol/seal/rejection.ts';
import { TYP } from '../../sync/protocol/wire/batch.ts';
import type { WireEvent } from '../../sync/protocol/wire/event.ts';
import { openPhoto } from '../../sync/server/core/photos/store.ts';
import { vectors } from './make.ts';

/** Reads the files as another client would: nothing but JSON. */
const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));
const { ids, keys, thumbprints } = read('keys.json');
const messages = read('messages.json');
const sender = { serverId: ids.server, device: ids.device };
const atServer = {
  sealing: async (kid: string) => (kid === thumbprints.serverSealing ? keys.serverSealing : null),
  device: async () => publicHalf(keys.deviceSigning) as never,
};
const trusted = [publicHalf(keys.serverSigning) as never];

test('the files match the code, so that a protocol change shows here', async () => {
  for (const [name, content] of Object.entries(await vectors()))
    expect(JSON.parse(JSON.stringify(content)), `${name}: run node test/vectors/make.ts`).toEqual(read(name));
});

test('thumbprints', async () => {
  for (const [name, key] of Object.entries(keys)) expect(await keyId(publicHalf(key as never))).toBe(thumbprints[name]);
});

describe('chain', () => {
  const { commitments, events } = read('chain.json') as {
    commitments: { salt: string; value: unknown; canonical: string; commitment: string }[];
    events: { event: WireEvent; headerHash: string }[];
  };

  test.each(commitments)('commitment to $canonical', ({ salt, value, canonical, commitment }) => {
    expect(commit(salt, value)).toBe(commitment);
    // Without any of our code: the salt bytes, then the canonical text.
    const bytes = Buffer.concat([Buffer.from(salt, 'base64url'), Buffer.from(canonical, 'utf8')]);
    expect(createHash('sha256').update(bytes).digest('base64url')).toBe(commitment);
  });

  test('each event continues the previous one and is accepted', () => {
    let prev = 'A'.repeat(43);
    for (const { event, headerHash: hash } of events) {
      expect(event.header.prev).toBe(prev);
      expect(headerHash(event.header)).toBe(hash);
      expect(checkEvent(event, { device: ids.device, epoch: ids.epoch, seq: event.header.seq })).toEqual(event);
      prev = hash;
    }
  });
});

test('padding', () => {
  const { contentHex, paddedSha256, buckets } = read('padding.json');
  expect(
    createHash('sha256')
      .update(pad(Buffer.from(contentHex, 'hex')))
      .digest('hex'),
  ).toBe(paddedSha256);
  for (const { content, padded } of buckets) expect(pad(new Uint8Array(content)).length).toBe(padded);
});

describe('messages', () => {
  test('the batch opens at the server', async () => {
    const { header, body } = await openBatch(messages.batch.sealed, atServer, sender);
    expect([header, body]).toEqual([messages.batch.header, messages.batch.body]);
  });

  test('the ask opens at the server', async () => {
    const { header, ask } = await openAsk(messages.ask.sealed, atServer, sender);
    expect([header, ask]).toEqual([messages.ask.header, messages.ask.body]);
  });

  test('a page that names the site’s kiosks opens on the kiosk', async () => {
    const page = await openPage(
      messages.pageOfSite.sealed,
      { sealing: keys.deviceSealing, trusted },
      { device: ids.device, jti: messages.ask.header.jti },
    );
    expect(page).toEqual(messages.pageOfSite.body);
  });

  test('an ask has the kiosk’s state, and a page the data for this device only', async () => {
    const page = await openPage(
      messages.pageOfDevice.sealed,
      { sealing: keys.deviceSealing, trusted },
      { device: ids.device, jti: messages.ask.header.jti },
    );
    expect(page).toEqual(messages.pageOfDevice.body);
    const { ask } = await openAsk(
      messages.askWithReport.sealed,
      { sealing: async () => keys.serverSealing, device: async () => keys.deviceSigning },
      { serverId: ids.server, device: ids.device },
    );
    expect(ask).toEqual(messages.askWithReport.body);
  });

  test('the page opens on the kiosk, and the ack inside', async () => {
    const { jti } = messages.ask.header;
    const page = await openPage(
      messages.page.sealed,
      { sealing: keys.deviceSealing, trusted },
      { device: ids.device, jti },
    );
    expect(page).toEqual(messages.page.body);
    const ack = await openAck(messages.page.body.ack, trusted, { device: ids.device, epoch: ids.epoch });
    expect(ack).toEqual(messages.ack.body);
  });

  test('a log and a farewell open at the server', async () => {
    expect(await openLogs(messages.logs.sealed, atServer, sender)).toEqual(messages.logs.body);
    expect(gunzipSync(Buffer.from(messages.logs.body.gz, 'base64')).toString()).toContain('the core is ready');
    const opened = await openFarewell(messages.farewell.signed, ids.server, async () => publicHalf(keys.deviceSigning));
    expect(opened).toEqual({ device: ids.device, farewell: messages.farewell.body });
  });

  test('ack and rejection verify on the kiosk', async () => {
    const { ack, rejection, batch } = messages;
    const who = { device: ids.device };
    expect(await openAck(ack.signed, trusted, { ...who, epoch: ids.epoch })).toEqual(ack.body);
    const digest = messageDigest(batch.sealed);
    expect(await openRejection(rejection.signed, trusted, { ...who, digest })).toEqual(rejection.body);
  });
});

test.each(read('refused.json') as { why: string; code: string; sealed: string }[])(
  'refused: $why',
  async ({ code, sealed }) => {
    await expect(openBatch(sealed, atServer, sender)).rejects.toMatchObject({ code });
  },
);

describe('joining', () => {
  const joining = read('joining.json');

  test.each(joining.codes as { url: string; code: string }[])('the code of $url', ({ url, code }) => {
    const { url: found, secret, pin } = readJoinCode(code);
    expect([new URL(found).origin, secret.toString('hex'), pin.toString('hex')]).toEqual([
      new URL(url).origin,
      joining.secretHex,
      joining.pinHex,
    ]);
  });

  test('pin and fingerprints', async () => {
    expect(caPin(joining.caPem).toString('hex')).toBe(joining.pinHex);
    expect(serverFingerprint(joining.caPem)).toBe(joining.serverFingerprint);
    expect(await deviceFingerprint(joining.join.body.request)).toBe(joining.deviceFingerprint);
  });

  test('join and proof open at the server, the grant on the kiosk', async () => {
    const { spv } = joining.join.header;
    expect(await openJoin(joining.join.signed)).toEqual({ join: joining.join.body, spv });
    expect(await openProof(joining.proof.signed, ids.device, joining.join.body.request.ed25519PublicJwk)).toBe(spv);
    expect(await openGrant(joining.grant.sealed, ids.device, keys.deviceSealing)).toEqual(joining.grant.body);
  });
});

test('a position and a photo open at the server', async () => {
  const { position, photo } = read('personal.json');
  const of = { device: position.header.iss, person: position.header.sub };
  expect(await openPosition(position.sealed, of, atServer.sealing)).toEqual(position.value);
  const file = Buffer.from(photo.fileHex, 'hex');
  expect(createHash('sha256').update(file).digest('base64url')).toBe(photo.photo);
  const { person, event } = photo;
  expect(openPhoto(file, photo.photoKey, { kind: 'checkin', person, event }).toString('hex')).toBe(photo.plainHex);
});

test('the schemas are those named in docs/develop/protocol.md, without dangling references', () => {
  const { $defs } = read('../../docs/schemas/wire.json');
  const text = JSON.stringify($defs);
  for (const [, name] of text.matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)) expect(Object.keys($defs)).toContain(name);
  const page = readFileSync(join(import.meta.dirname, '../../docs/develop/protocol.md'), 'utf8');
  for (const name of Object.keys($defs).filter((id) => !id.includes('.') && !id.endsWith('Header')))
    expect(page, `docs/develop/protocol.md does not name ${name}`).toContain(`\`${name}\``);
});

test('the AsyncAPI document has every kind of message, without dangling references', () => {
  const { $defs } = read('../../docs/schemas/wire.json');
  const text = JSON.stringify(read('../../docs/schemas/asyncapi.json'));
  const named = [...text.matchAll(/wire\.json#\/\$defs\/([^"]+)"/g)].map(([, name]) => name);
  expect(Object.keys($defs)).toEqual(expect.arrayContaining(named));
  // The decrypted content of a batch, an ask and a page has its own type, and is never published on a topic.
  const { batch, ask, page, ...carried } = TYP;
  for (const typ of Object.values(carried)) expect(text).toContain(typ);
});

test('codes people show are read as written', async () => {
  const { ownCode, card, pinCode, pin, templateCard } = read('checkin-methods.json');
  const issuer = publicHalf(ownCode.issuer) as never;
  expect(readOwnCode(ownCode.text, [issuer])).toMatchObject({
    person: ownCode.person,
    issuedAt: Date.parse(ownCode.issuedAt),
  });
  const bytes = Buffer.from(card.secretHex, 'hex');
  expect(card.hash).toBe(createHash('sha256').update(bytes).digest('base64url'));
  const parts = [Buffer.from('smartpresence/pin-code\0'), Buffer.from(pinCode.person.replaceAll('-', ''), 'hex')];
  const digits = Buffer.from(pinCode.code, 'ascii');
  expect(pinCode.hash).toBe(
    createHash('sha256')
      .update(Buffer.concat([...parts, digits]))
      .digest('base64url'),
  );
  const pepper = Buffer.from(pin.pepperHex, 'hex');
  const domain = Buffer.from('smartpresence/pin-pepper\0');
  expect(pin.pepper).toBe(
    createHash('sha256')
      .update(Buffer.concat([domain, pepper]))
      .digest('base64url'),
  );
  expect([await verifyPin(pin.hash, pin.pin, pepper), await verifyPin(pin.hash, '0000', pepper)]).toEqual([
    true,
    false,
  ]);
  const key = readTemplateCard(templateCard.text)!;
  expect([key.person, key.card, key.key.toString('hex')]).toEqual([
    templateCard.person,
    templateCard.card,
    templateCard.keyHex,
  ]);
  const opened = openCardTemplates(key, templateCard.model, templateCard.sealed, 512)!;
  expect(opened.map((v) => Buffer.from(v.buffer).toString('base64url'))).toEqual(templateCard.vectors);
});
