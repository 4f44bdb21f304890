import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCa, issueServerCertificate } from '../../sync/server/platform/keys/certificates.ts';
import type { Booted } from '../kiosk-image/debian.ts';

export const STORE = 's3.example.org';

/** Starts an S3 double in the machine’s network, run by this machine; CA in /etc/ssl/s3-ca.pem. @param folder for its files */
export async function startStore(machine: Booted, root: string, folder: string): Promise<ChildProcess> {
  const ca = await createCa('store', Date.now());
  const { certPem, keyPem } = await issueServerCertificate(ca, [STORE], Date.now(), 'store');
  writeFileSync(join(root, 'etc/ssl/s3-ca.pem'), ca.certPem, { mode: 0o644 });
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  writeFileSync(files.cert, certPem);
  writeFileSync(files.key, keyPem, { mode: 0o600 });
  const [program, ...inNetwork] = machine.enter('--net');
  const store = ['/usr/bin/python3', '-W', 'ignore', '/usr/bin/moto_server', '-H', '127.0.0.1', '-p', '443'];
  const env = { PATH: '/usr/bin:/bin', MOTO_S3_DEFAULT_MAX_KEYS: '1000', S3_IGNORE_SUBDOMAIN_BUCKETNAME: 'true' };
  const child = spawn(program!, [...inNetwork, ...store, '-c', files.cert, '-k', files.key], {
    cwd: folder,
    env,
    stdio: 'ignore',
  });
  await machine.until('the object store', 60_000, 'bash', '-c', '</dev/tcp/127.0.0.1/443');
  return child;
}
