import { lstatSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Problem } from '../../../errors/problem.ts';

/** Variables that contain a secret, so each may be given as a file instead. */
export const SECRETS = [
  'ENCRYPTION_KEY',
  'SECRET_KEY',
  'ENCRYPTION_KEY_PREVIOUS',
  'SECRET_KEY_PREVIOUS',
  'SMARTPRESENCE_DATABASE_URL',
  'SMARTPRESENCE_OPERATIONS_TOKEN',
  'SMTP_URL',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'S3_ERASURE_ACCESS_KEY_ID',
  'S3_ERASURE_SECRET_ACCESS_KEY',
] as const;

/** Prefix of credentials' ids if a unit loads a whole folder of them (LoadCredentialEncrypted=smartpresence:/FOLDER). */
export const CREDENTIAL = 'smartpresence_';

const MAX_BYTES = 4096;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the environment with the secrets that were given as files: `NAME_FILE` is a path (container secrets), and systemd's
 * credentials are in `$CREDENTIALS_DIRECTORY/NAME`, or `smartpresence_NAME` if a folder is loaded. Either way they are neither
 * in `/proc/…/environ` nor inherited by child processes. No other files are read, and none are written.
 *
 * @throws Problem `bad-configuration` that names each wrong file, never its contents
 */
export function withSecretFiles(env: Environment): Record<string, string | undefined> {
  const out: Record<string, string | undefined> = { ...env };
  const wrong: string[] = [];
  for (const name of SECRETS) {
    const file = env[`${name}_FILE`] || null;
    delete out[`${name}_FILE`];
    if (file && env[name]) wrong.push(`${name} and ${name}_FILE are both set: leave one out`);
    else if (file && !isAbsolute(file)) wrong.push(`${name}_FILE must be an absolute path`);
    else if (file) read(file, `${name}_FILE`);
    else if (env.CREDENTIALS_DIRECTORY && !env[name]) {
      const folder = env.CREDENTIALS_DIRECTORY;
      const path = [`${CREDENTIAL}${name}`, name]
        .map((id) => join(folder, id))
        .find((one) => lstatSync(one, { throwIfNoEntry: false }));
      if (path) read(path, `the credential ${name}`);
    }
    function read(path: string, what: string): void {
      try {
        const text = readFileSync(path, 'utf8');
        if (text.length > MAX_BYTES) wrong.push(`${what} is not a secret: it has more than ${MAX_BYTES} characters`);
        else if (text.trim() === '') wrong.push(`${what} is empty`);
        else out[name] = text.trim();
      } catch (cause) {
        wrong.push(`${what} can't be read (${(cause as NodeJS.ErrnoException).code})`);
      }
    }
  }
  if (wrong.length > 0) throw new Problem('bad-configuration', { reason: wrong.join('\n') });
  return out;
}
