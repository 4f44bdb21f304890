import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { S3 } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Problem } from '../../../errors/problem.ts';
import type { S3Settings } from './settings.ts';

/** Attempts per request, the first one included. The SDK retries transient failures with a jittered backoff. */
const TRIES = 5;
const CONNECT_MS = 10_000;
/** Longest silence on a connection: the store may take minutes to assemble the parts of a large object. */
const IDLE_MS = 300_000;
const SOCKETS = 16;

/**
 * Creates a client that only speaks HTTPS and verifies the certificate. It uses these settings only, never the machine's
 * AWS profiles.
 *
 * @param as `usual`, or `erasure` for the role that may delete versions
 */
export function s3Client(settings: S3Settings, as: 'usual' | 'erasure' = 'usual'): S3 {
  const { accessKeyId, secretAccessKey, sessionToken } =
    as === 'erasure' ? settings.erasureCredentials : settings.credentials;
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
  const client = new S3({
    region: settings.region,
    endpoint: settings.endpoint,
    forcePathStyle: settings.pathStyle,
    // A function, so that no object that might be printed holds the secret in the clear.
    credentials: async () => ({
      accessKeyId,
      secretAccessKey: text(secretAccessKey.reveal()),
      ...(sessionToken && { sessionToken: text(sessionToken.reveal()) }),
    }),
    maxAttempts: TRIES,
    retryMode: 'standard',
    // We send SHA-256 ourselves. Older stores don't support the SDK's own CRCs.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      httpsAgent: new Agent({
        keepAlive: true,
        maxSockets: SOCKETS,
        minVersion: 'TLSv1.2',
        ...(settings.caFile && { ca: readFileSync(settings.caFile, 'utf8') }),
      }),
      connectionTimeout: CONNECT_MS,
      socketTimeout: IDLE_MS,
    }),
  });
  client.middlewareStack.add(
    (next) => (args) => {
      const { protocol } = args.request as { protocol?: string };
      if (protocol !== 'https:') throw new Problem('s3-not-https');
      return next(args);
    },
    // The last step before sending, so redirects to another endpoint are checked too.
    { step: 'deserialize', name: 'httpsAlone', priority: 'low' },
  );
  return client;
}
