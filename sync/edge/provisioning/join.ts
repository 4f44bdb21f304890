import { randomUUID, type X509Certificate } from 'node:crypto';
import { type ErrorCode, Problem } from '../../errors/problem.ts';
import { caPin } from '../../protocol/seal/fingerprint.ts';
import { openGrant, signJoin, signProof } from '../../protocol/seal/join.ts';
import { type JoinCode, readJoinCode } from '../../protocol/seal/join-code.ts';
import { type Grant, JOIN_PATH, MAX_GRANT_BYTES, Waiting } from '../../protocol/wire/join.ts';
import { type DeviceSecret, deviceRequest } from '../identity.ts';
import { VerifiedAgent } from '../tls/agent.ts';
import { type Answer, callServer, jsonOrNull, statedCode } from '../tls/request.ts';

export interface JoinOptions {
  readonly secret: DeviceSecret;
  /** The kiosk's own name. The name in the code takes precedence. */
  readonly name: string;
  /** As typed by the administrator. */
  readonly code: string;
  /** A time that has certainly been reached, ms since 1970. The server's certificate must not have expired before it. */
  readonly trustedNow: () => number;
  readonly proxy?: string;
}

/** How a kiosk joins its server with a one-time code. */
export interface Joining {
  /** Sends keys and code. Safe to repeat after a lost answer. @throws Problem with the server's code, or of the connection */
  ask(signal: AbortSignal): Promise<Waiting>;
  /** @returns null until it is approved. @throws Problem as `ask`, and those of openGrant, `grant-of-another-server` */
  poll(signal: AbortSignal): Promise<Grant | null>;
  /**
   * The server's clock in its last answer, ms since 1970, so that a person can compare it with the kiosk's. Used for display
   * only.
   */
  serverTime(): number | null;
  close(): void;
}

/**
 * Prepares joining; sends nothing yet. Every connection is TLS 1.3 and verified before a byte is written: the server must present
 * the CA whose key the code pins, and a certificate from it for the code's address.
 *
 * @throws Problem `join-code-mistyped`, `join-code-newer`
 */
export function startJoining(options: JoinOptions): Joining {
  const { secret, name, trustedNow, proxy } = options;
  const code = readJoinCode(options.code);
  const agent = new VerifiedAgent({
    trustedNow,
    ...(proxy && { proxy }),
    credentials: () => null,
    keys: () => ({ caPem: [] }),
    pinned: (sent) => pinnedCas(sent, code),
  });
  let serverTime: number | null = null;
  const call = async (signal: AbortSignal, path: string, send: { join?: string; proof?: string }) => {
    const answer = await exchange(agent, new URL(path, code.url), send, signal);
    serverTime = answer.serverTime ?? serverTime;
    return answer;
  };
  return {
    async ask(signal) {
      const join = { secret: code.secret.toString('base64url'), request: await deviceRequest(secret, name) };
      const { text } = await call(signal, JOIN_PATH, { join: await signJoin(join, secret.signing) });
      return readWaiting(text, secret.device);
    },
    async poll(signal) {
      const proof = await signProof(secret.device, randomUUID(), secret.signing);
      const { status, text } = await call(signal, `${JOIN_PATH}/${secret.device}`, { proof });
      if (status === 202) return null;
      const grant = await openGrant(text, secret.device, secret.sealing);
      // The connection was to the pinned CA. The keys to trust from now on must belong to the same server.
      if (!grant.bundle.keys.caPem.some((pem) => caPin(pem).equals(code.pin)))
        throw new Problem('grant-of-another-server');
      return grant;
    },
    serverTime: () => serverTime,
    close: () => agent.destroy(),
  };
}

/** Returns the certificates sent by the server with the pinned CA's key: its own, or one signed by its predecessor. */
function pinnedCas(sent: readonly X509Certificate[], code: JoinCode): string[] {
  const found = sent.slice(1).filter((certificate) => certificate.ca && caPin(certificate).equals(code.pin));
  if (found.length === 0) throw new Problem('server-pin-differs');
  return found.map((certificate) => certificate.toString());
}

function readWaiting(text: string, device: string): Waiting {
  const parsed = Waiting.safeParse(jsonOrNull(text));
  if (!parsed.success || parsed.data.device !== device) throw new Problem('join-answer-malformed');
  return parsed.data;
}

async function exchange(
  agent: VerifiedAgent,
  url: URL,
  { join, proof }: { join?: string; proof?: string },
  signal: AbortSignal,
): Promise<Answer> {
  const call = join
    ? { method: 'POST' as const, headers: { 'content-type': 'application/jose' }, body: join }
    : { method: 'GET' as const, headers: { authorization: `Proof ${proof}` } };
  const answer = await callServer(agent, { ...call, url, maxBytes: MAX_GRANT_BYTES }, signal);
  if (answer.status === 200 || answer.status === 202) return answer;
  throw joinProblem(statedCode(answer));
}

/** The server is the pinned one, so its code is trusted. */
function joinProblem(code: string): Problem {
  const known = KNOWN.find((one) => one === code);
  return known
    ? new Problem(known)
    : new Problem('server-refused', { what: 'this kiosk', reason: code }).withCode(code);
}

const KNOWN = [
  'join-code-unknown',
  'join-code-used',
  'join-code-expired',
  'device-revoked',
  'device-id-reserved',
  'device-registered-otherwise',
  'too-many-requests',
] as const satisfies ErrorCode[];
