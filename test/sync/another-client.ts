/**
 * A client written from docs/develop/protocol.md alone, using only Node's own modules and the `openssl` program, none of our code.
 * Whatever it can't implement is missing from that page.
 */
import { spawnSync } from 'node:child_process';
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  verify,
  type X509Certificate,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';

type Json = Record<string, unknown>;
export interface Answer {
  readonly status: number;
  readonly text: string;
}
interface Bundle {
  readonly serverId: string;
  readonly keys: { readonly signing: Jwk[]; readonly sealing: Jwk; readonly caPem: string[] };
  readonly tlsCertPem: string;
}
interface Jwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
}

const b64 = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString('base64url');
const sha256 = (...parts: (Uint8Array | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const groups = (hex: string) => hex.match(/.{4}/g)!.join(' ');

// The part of RFC 8785 that the values here need.
function jcs(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jcs).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${jcs(v)}`).join(',')}}`;
}

// Keys

const publicJwk = (key: KeyObject): Jwk => {
  const { kty, crv, x } = key.export({ format: 'jwk' });
  return { kty: kty!, crv: crv!, x: x! };
};
const keyOf = (jwk: Jwk) => createPublicKey({ key: { ...jwk }, format: 'jwk' });
/** RFC 7638. */
const thumbprint = ({ kty, crv, x }: Jwk) => b64(sha256(JSON.stringify({ crv, kty, x })));

// JWS (RFC 7515, 8037) and JWE (RFC 7516, 7518 §4.6)

function signed(header: Json, body: unknown, key: KeyObject): string {
  const input = `${b64(JSON.stringify(header))}.${b64(JSON.stringify(body))}`;
  return `${input}.${b64(sign(null, Buffer.from(input), key))}`;
}

function verified(jws: string, typ: string, spv: number, keys: (body: Json) => readonly Jwk[]): Json {
  const [head, payload, signature] = jws.split('.') as [string, string, string];
  const header = JSON.parse(Buffer.from(head, 'base64url').toString());
  const body = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const key = keys(body).find((one) => thumbprint(one) === header.kid);
  if (header.alg !== 'EdDSA' || header.typ !== typ || header.spv !== spv || !key) throw new Error('another header');
  if (!verify(null, Buffer.from(`${head}.${payload}`), keyOf(key), Buffer.from(signature, 'base64url')))
    throw new Error('the signature is wrong');
  return body;
}

const u32 = (n: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes;
};

function agreed(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const enc = Buffer.from('A256GCM');
  const secret = diffieHellman({ privateKey, publicKey });
  return sha256(u32(1), secret, u32(enc.length), enc, u32(0), u32(0), u32(256));
}

function sealedTo(to: Jwk, kind: string, jws: string): string {
  const ephemeral = generateKeyPairSync('x25519');
  const header = {
    alg: 'ECDH-ES',
    enc: 'A256GCM',
    typ: `sp-${kind}+jwe`,
    cty: `sp-${kind}+jws`,
    kid: thumbprint(to),
    epk: publicJwk(ephemeral.publicKey),
  };
  const head = b64(JSON.stringify(header));
  let bucket = 2048;
  while (bucket < jws.length + 4) bucket *= 2;
  const plain = Buffer.concat([u32(jws.length), Buffer.from(jws), Buffer.alloc(bucket - jws.length - 4)]);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', agreed(ephemeral.privateKey, keyOf(to)), nonce).setAAD(
    Buffer.from(head),
  );
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return `${head}..${b64(nonce)}.${b64(body)}.${b64(cipher.getAuthTag())}`;
}

function unsealed(jwe: string, kind: string, key: KeyObject): string {
  const [head, , nonce, body, tag] = jwe.split('.') as [string, string, string, string, string];
  const header = JSON.parse(Buffer.from(head, 'base64url').toString());
  if (header.typ !== `sp-${kind}+jwe` || header.cty !== `sp-${kind}+jws`) throw new Error('another kind');
  const opening = createDecipheriv('aes-256-gcm', agreed(key, keyOf(header.epk)), Buffer.from(nonce, 'base64url'))
    .setAAD(Buffer.from(head))
    .setAuthTag(Buffer.from(tag, 'base64url'));
  const plain = Buffer.concat([opening.update(Buffer.from(body, 'base64url')), opening.final()]);
  return plain.subarray(4, 4 + plain.readUInt32BE(0)).toString();
}

// The code

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function readCode(text: string): { host: string; port: number; secret: Buffer; pin: string } {
  const plain = text.toUpperCase().replaceAll('-', '').replaceAll('O', '0').replace(/[IL]/g, '1');
  const bits = [...plain].map((c) => ALPHABET.indexOf(c).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  const content = bytes.subarray(0, -2);
  if (content[0] !== 1 || !sha256(content).subarray(0, 2).equals(bytes.subarray(-2))) throw new Error('mistyped');
  if (content[25] !== 4) throw new Error('this client knows IPv4 alone');
  return {
    secret: content.subarray(1, 11),
    pin: content.subarray(11, 23).toString('hex'),
    port: content.readUInt16BE(23),
    host: content.subarray(26).join('.'),
  };
}

/** Finds the CA that matches the pin in the certificate chain that the server sends. */
function pinnedCa(host: string, port: number, pin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, minVersion: 'TLSv1.3', rejectUnauthorized: false }, () => {
      let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
      const of = (c: X509Certificate) => sha256(c.publicKey.export({ type: 'spki', format: 'der' })).toString('hex');
      while (certificate && !of(certificate).startsWith(pin)) certificate = certificate.issuerCertificate;
      socket.destroy();
      if (certificate) resolve(certificate.toString());
      else reject(new Error('no CA of that pin'));
    });
    socket.on('error', reject);
  });
}

// Events

function uuid7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 15);
  bytes[8] = 0x80 | (bytes[8]! & 63);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A kiosk of another manufacturer. */
export class AnotherClient {
  /** The protocol version that it sends and understands. */
  readonly version: number;
  readonly device = randomUUID();
  readonly epoch = randomUUID();
  bundle!: Bundle;
  readonly #signing = generateKeyPairSync('ed25519');
  readonly #sealing = generateKeyPairSync('x25519');
  readonly #tls = tlsKey();
  #at!: { host: string; port: number; ca: string };
  readonly #events: { header: Json; personal: Json }[] = [];

  constructor(version: number) {
    this.version = version;
  }

  /** @returns the fingerprint that the kiosk displays */
  get fingerprint(): string {
    const spki = b64(createPublicKey(this.#tls.keyPem).export({ type: 'spki', format: 'der' }));
    const keys = [this.#signing, this.#sealing].map(({ publicKey }) => thumbprint(publicJwk(publicKey)));
    return groups(
      sha256([...keys, spki].join('\n'))
        .toString('hex')
        .slice(0, 16),
    );
  }

  async join(code: string): Promise<Answer> {
    const { host, port, pin, secret } = readCode(code);
    this.#at = { host, port, ca: await pinnedCa(host, port, pin) };
    const body = {
      secret: b64(secret),
      request: {
        id: this.device,
        name: 'Of another make',
        csr: this.#tls.csr,
        ed25519PublicJwk: publicJwk(this.#signing.publicKey),
        x25519PublicJwk: publicJwk(this.#sealing.publicKey),
      },
    };
    const header = { alg: 'EdDSA', typ: 'sp-join+jws', iss: this.device, spv: this.version };
    return this.#call('POST', '/v1/join', signed(header, body, this.#signing.privateKey));
  }

  /** @returns the HTTP status; after 200 the client has its bundle */
  async poll(): Promise<number> {
    const header = { alg: 'EdDSA', typ: 'sp-join-proof+jws', iss: this.device, spv: this.version };
    const proof = signed(header, { nonce: randomUUID() }, this.#signing.privateKey);
    const { status, text } = await this.#call('GET', `/v1/join/${this.device}`, undefined, {
      authorization: `Proof ${proof}`,
    });
    if (status !== 200) return status;
    const jws = unsealed(text, 'grant', this.#sealing.privateKey);
    const grant = verified(jws, 'sp-grant+jws', this.version, (body) => (body.bundle as Bundle).keys.signing);
    this.bundle = grant.bundle as Bundle;
    return status;
  }

  event(type: string, open: Json, values: Json): string {
    const personal = Object.fromEntries(
      Object.entries(values).map(([field, value]) => [field, { salt: b64(randomBytes(16)), value }]),
    );
    const commitment = ({ salt, value }: { salt: string; value: unknown }) =>
      b64(sha256(Buffer.from(salt, 'base64url'), jcs(value)));
    const before = this.#events.at(-1);
    const header = {
      v: 1,
      id: uuid7(),
      device: this.device,
      epoch: this.epoch,
      seq: this.#events.length + 1,
      at: { utc: new Date().toISOString(), monotonic: performance.now(), bootId: 'another', offset: 0 },
      type,
      open,
      commitments: Object.fromEntries(Object.entries(personal).map(([field, salted]) => [field, commitment(salted)])),
      prev: before ? b64(sha256(jcs(before.header))) : 'A'.repeat(43),
    };
    this.#events.push({ header, personal });
    return header.id;
  }

  /** Seals all its events as one batch. */
  batch(): string {
    const { serverId, keys } = this.bundle;
    const header = {
      ...{ alg: 'EdDSA', typ: 'sp-batch+jws', iss: this.device, aud: serverId, epoch: this.epoch },
      ...{ first: 1, last: this.#events.length, spv: this.version },
    };
    const body = { sentAt: new Date().toISOString(), trusts: keys.signing.map(thumbprint), events: this.#events };
    return sealedTo(keys.sealing, 'batch', signed(header, body, this.#signing.privateKey));
  }

  /** @returns the ack, verified */
  async send(sealed: string): Promise<Json> {
    const { status, text } = await this.#call('POST', '/v1/batches', sealed);
    if (status !== 200) throw new Error(text);
    return this.#ack(text);
  }

  /** `serverTime` of its newest ack. */
  #heard: string | null = null;

  /** Reads the whole snapshot. @returns its changes, and the ack of the last page */
  async snapshot(report?: Json): Promise<{ changes: Json[]; ack: Json }> {
    const changes: Json[] = [];
    for (let cursor = ''; ; ) {
      const ask = { what: 'changes', epoch: this.epoch, cursor, limit: 200, presenceAfter: null };
      const page = await this.#ask({
        ...ask,
        heard: this.#heard,
        ...(report && { report }),
      });
      changes.push(...(page.changes as Json[]));
      cursor = page.cursor as string;
      if (!page.more) return { changes, ack: this.#ack(page.ack as string) };
    }
  }

  /** Requests a certificate for a new key and uses both from then on. */
  async renew(): Promise<void> {
    const next = tlsKey();
    const page = await this.#ask({ what: 'renew', csr: next.csr });
    this.bundle = { ...this.bundle, tlsCertPem: page.tlsCertPem as string };
    Object.assign(this.#tls, next);
  }

  /** Uploads a photo in pieces. @returns the state after the last piece */
  async upload(file: Buffer): Promise<Json> {
    const path = `/v1/photos/${b64(sha256(file))}`;
    let state = JSON.parse((await this.#call('GET', path)).text);
    while (!state.complete) {
      const piece = file.subarray(state.received, state.received + 256 * 1024);
      const { status, text } = await this.#call('PUT', `${path}?offset=${state.received}&total=${file.length}`, piece);
      if (status !== 200) throw new Error(text);
      state = JSON.parse(text);
    }
    return state;
  }

  async #ask(what: Json): Promise<Json> {
    const { serverId, keys } = this.bundle;
    const jti = randomUUID();
    const header = { alg: 'EdDSA', typ: 'sp-ask+jws', iss: this.device, aud: serverId, spv: this.version, jti };
    const body = { ...what, trusts: keys.signing.map(thumbprint) };
    const sealed = sealedTo(keys.sealing, 'ask', signed(header, body, this.#signing.privateKey));
    const { status, text } = await this.#call('POST', '/v1/asks', sealed);
    if (status !== 200) throw new Error(text);
    const page = verified(
      unsealed(text, 'page', this.#sealing.privateKey),
      'sp-page+jws',
      this.version,
      () => keys.signing,
    );
    if (page.jti !== jti || page.device !== this.device) throw new Error('another page');
    return page;
  }

  #ack(text: string): Json {
    const ack = verified(text, 'sp-ack+jws', this.version, () => this.bundle.keys.signing);
    if (ack.device !== this.device || ack.epoch !== this.epoch) throw new Error('an ack of another');
    this.#heard = ack.serverTime as string;
    return ack;
  }

  #call(method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
    const { host, port, ca } = this.#at;
    const type = typeof body === 'string' ? 'application/jose' : 'application/octet-stream';
    return new Promise((resolve, reject) => {
      const call = request(
        {
          ...{ host, port, path, method, ca, agent: false, minVersion: 'TLSv1.3' },
          ...(this.bundle && { cert: this.bundle.tlsCertPem, key: this.#tls.keyPem }),
          headers: { ...headers, ...(body && { 'content-type': type, 'content-length': Buffer.byteLength(body) }) },
        },
        async (answer) => {
          let text = '';
          for await (const chunk of answer) text += chunk;
          resolve({ status: answer.statusCode!, text });
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }
}

function tlsKey(): { keyPem: string; csr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sp-client-'));
  try {
    const key = join(folder, 'key.pem');
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=kiosk'];
    const { stdout, stderr, status } = spawnSync('openssl', ['req', '-new', ...kind, '-keyout', key], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`openssl req: ${stderr}`);
    return { keyPem: readFileSync(key, 'utf8'), csr: stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
