import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { S3 } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Problem } from '../../../errors/problem.ts';
import type { S3Settings } from './settings.ts';

/** Tries in all of one request that failed for a reason that may pass, with the SDK's jittered backoff. */
const TRIES = 5;
const CONNECT_MS = 10_000;
/** Silence on a connection: assembling the parts of a large object may take minutes. */
const IDLE_MS = 300_000;
const SOCKETS = 16;

/**
 * A client that speaks HTTPS alone, with the certificate verified. Nothing of the machine's AWS profiles takes part but
 * what the settings say.
 *
 * @param as `usual`, or `erasure`: the role that may delete versions
 */
export function s3Client(settings: S3Settings, as: 'usual' | 'erasure' = 'usual'): S3 {
  const { accessKeyId, secretAccessKey, sessionToken } =
    as === 'erasure' ? settings.erasureCredentials : settings.credentials;
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
  const client = new S3({
    region: settings.region,
    endpoint: settings.endpoint,
    forcePathStyle: settings.pathStyle,
    // As a function: the secret is not kept in the clear in an object that may be printed.
    credentials: async () => ({
      accessKeyId,
      secretAccessKey: text(secretAccessKey.reveal()),
      ...(sessionToken && { sessionToken: text(sessionToken.reveal()) }),
    }),
    maxAttempts: TRIES,
    retryMode: 'standard',
    // We send SHA-256 ourselves; the SDK's own CRCs are unknown to older stores.
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
    // The last step of all: a redirect to another endpoint passes here too.
    { step: 'deserialize', name: 'httpsAlone', priority: 'low' },
  );
  return client;
}
