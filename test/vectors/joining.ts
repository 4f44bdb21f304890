import { createCipheriv, createHash } from 'node:crypto';
import { caPin, deviceFingerprint, serverFingerprint } from '../../sync/protocol/seal/fingerprint.ts';
import { writeJoinCode } from '../../sync/protocol/seal/join-code.ts';
import { keyId, publicHalf } from '../../sync/protocol/seal/keys.ts';
import { PROTOCOL_VERSION } from '../../sync/protocol/wire/batch.ts';
import { JOIN_TYP } from '../../sync/protocol/wire/join.ts';
import { DEVICE, EPOCH, encrypt, JTI, KEYS, NONCE, NOW, PERSON, SERVER, sealed, sign } from './material.ts';

/** Vectors of joining, and of what is encrypted separately within an event: a position and a photo. */

/** Made with a P-256 key for this file. Every ECDSA signature differs, so the text is fixed. */
const CSR = `-----BEGIN CERTIFICATE REQUEST-----
MIHrMIGRAgEAMC8xLTArBgNVBAMMJDExMTExMTExLTExMTEtNDExMS04MTExLTEx
MTExMTExMTExMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOsrjLbDt+wtKRYN
TDzeJXYuQ8U30Xi+8oMnG2J1Ze3gL9ik2/2wTtjv6j8XOb3wZLt08XWxQMpekl6c
KDnpHXagADAKBggqhkjOPQQDAgNJADBGAiEAmAmLUZAhzW6cE0AdYIta+tgCpeZI
a4vi0u9PJCSIdSECIQDUrq3KnWEPyCYp9uFqtdvA98HDdFdUvbQI7REC9XF+Jg==
-----END CERTIFICATE REQUEST-----
`;
const CA = `-----BEGIN CERTIFICATE-----
MIIBsDCCAVegAwIBAgIUajFdFEL7RDaXr0Ibag8hLwB5XjMwCgYIKoZIzj0EAwIw
JTEjMCEGA1UEAwwaU21hcnRQcmVzZW5jZSB0ZXN0IHZlY3RvcnMwIBcNMjYxMTI2
MDA0NDA0WhgPMjEyNjExMDIwMDQ0MDRaMCUxIzAhBgNVBAMMGlNtYXJ0UHJlc2Vu
Y2UgdGVzdCB2ZWN0b3JzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeCMNL/pe
ylN5HEHUsK2EiSfj7Q+5J5hbvFJ5N+SpvzBeCK4NkXITq2BHH3RAvbhO4+M0NObe
1Bz4ABgXqb4ccqNjMGEwHQYDVR0OBBYEFMJy0i1L52sLj7QQzaxGgcfveH0IMB8G
A1UdIwQYMBaAFMJy0i1L52sLj7QQzaxGgcfveH0IMA8GA1UdEwEB/wQFMAMBAf8w
DgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0cAMEQCIGa8fjba2JnWuRdKlGBv
dGOXBWiZXerknPPndTjRYZ+aAiB3oJ/CLAozRduWQjrtnSRDFxbVSOKewp3fWDHn
fKuLQw==
-----END CERTIFICATE-----
`;
const SECRET = Buffer.from('00112233445566778899', 'hex');

export async function joining() {
  const request = {
    id: DEVICE,
    name: 'Front door',
    csr: CSR,
    ed25519PublicJwk: publicHalf(KEYS.deviceSigning),
    x25519PublicJwk: publicHalf(KEYS.deviceSealing),
  };
  const pin = caPin(CA);
  const codes = ['https://192.0.2.7:8444', 'https://[2001:db8::7]:8444', 'https://server.example:8444'].map((url) => ({
    url,
    code: writeJoinCode({ url, secret: SECRET, pin }),
  }));
  const device = (typ: string) => ({ alg: 'EdDSA', typ, iss: DEVICE, spv: PROTOCOL_VERSION });
  const join = { secret: SECRET.toString('base64url'), request };
  const proof = { nonce: JTI };
  const grant = {
    device: DEVICE,
    bundle: {
      serverId: SERVER,
      serverUrl: 'https://192.0.2.7:8444',
      mqttUrls: ['mqtts://192.0.2.7:8883', 'wss://192.0.2.7:443/mqtt'],
      keys: {
        serial: 1,
        signing: [publicHalf(KEYS.serverSigning)],
        sealing: publicHalf(KEYS.serverSealing),
        caPem: [CA],
      },
      // Really the client certificate that the CA issued for the request. Here any text will do.
      tlsCertPem: CA,
      site: { id: EPOCH, name: 'Head office', timeZone: 'Europe/Berlin' },
    },
    provisioningSecret: Buffer.alloc(32, 7).toString('base64url'),
  };
  const kid = await keyId(publicHalf(KEYS.serverSigning));
  return {
    secretHex: SECRET.toString('hex'),
    caPem: CA,
    pinHex: pin.toString('hex'),
    serverFingerprint: serverFingerprint(CA),
    deviceFingerprint: await deviceFingerprint(request),
    codes,
    join: {
      header: device(JOIN_TYP.join),
      body: join,
      signed: await sign(device(JOIN_TYP.join), join, KEYS.deviceSigning),
    },
    proof: {
      header: device(JOIN_TYP.proof),
      body: proof,
      signed: await sign(device(JOIN_TYP.proof), proof, KEYS.deviceSigning),
    },
    grant: await sealed(
      { typ: JOIN_TYP.grant, kid, spv: PROTOCOL_VERSION } as { typ: string },
      grant,
      KEYS.serverSigning,
      KEYS.deviceSealing,
    ),
  };
}

/** `gps` of a check-in. */
export async function position() {
  const value = { latitude: 52.520008, longitude: 13.404954, accuracy: 4.5, at: NOW };
  const header = { typ: 'sp-position+jwe', cty: 'json', iss: DEVICE, sub: PERSON };
  const plain = Buffer.from(JSON.stringify(value).padEnd(192), 'utf8');
  return { value, header, plain: plain.toString('utf8'), sealed: await encrypt(plain, header, KEYS.serverSealing) };
}

/** The file that `photo` of a check-in names and `photoKey` decrypts. */
export function photo() {
  const event = '018e0000-0000-7000-8000-000000000002';
  const key = Buffer.alloc(32, 9);
  const aad = JSON.stringify(['photo.checkin', PERSON, event, 1, 1]);
  const plain = Buffer.from('a picture');
  const cipher = createCipheriv('aes-256-gcm', key, NONCE, { authTagLength: 16 }).setAAD(Buffer.from(aad, 'utf8'));
  const file = Buffer.concat([Buffer.from([1]), NONCE, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return {
    person: PERSON,
    event,
    photoKey: key.toString('base64url'),
    associatedData: aad,
    plainHex: plain.toString('hex'),
    fileHex: file.toString('hex'),
    photo: createHash('sha256').update(file).digest('base64url'),
  };
}
