import { randomBytes } from 'node:crypto';
import { DeletePublicAccessBlockCommand, PutBucketAclCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { s3Client } from '../../sync/server/platform/objects/client.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { type Moto, motoMissing, startMoto } from '../services/moto.ts';
import { sp } from './run-sp.ts';

const missing = motoMissing();
if (missing) console.log(missing);

const BUCKET = 'by-command';

describe.skipIf(missing)('a bucket managed by the operator’s commands', () => {
  const home = temporaryFolder();
  let moto: Moto;
  beforeAll(async () => {
    moto = await startMoto();
  });
  afterAll(async () => {
    await moto?.remove();
    home.remove();
  });

  // moto takes the condition on TLS for met and shuts everything out, so the policy is left out.
  async function backup(command: 'setup' | 'audit', ...more: string[]) {
    const env: Record<string, string> = {
      ...moto.env(BUCKET),
      SMARTPRESENCE_SERVER_HOME: home.path,
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      SECRET_KEY: randomBytes(32).toString('base64'),
    };
    const { code, lines, stdout, stderr } = await sp(home.path, ['backup', command, '--json', '--no-policy', ...more], {
      env,
    });
    expect(`${stdout}${stderr}`).not.toContain(env.AWS_SECRET_ACCESS_KEY!);
    return { code, findings: lines() as unknown as { item: string; state: string; code: string; why: string }[] };
  }
  const states = (found: Awaited<ReturnType<typeof backup>>, state: string) =>
    found.findings.filter((f) => f.state === state).map((f) => f.code);

  test('`backup setup` creates it, `backup audit` finds loosened rules, and setup restores them', async () => {
    expect(states(await backup('setup', '--dry-run'), 'would change')).toEqual(['s3-bucket-missing']);
    const made = await backup('setup');
    expect([made.code, states(made, 'differs')]).toEqual([0, []]);
    const audit = await backup('audit');
    expect([audit.code, states(audit, 'differs')]).toEqual([0, []]);
    expect(states(audit, 'ok').length).toBeGreaterThan(4);

    const client = s3Client(moto.settings(BUCKET));
    await client.send(new DeletePublicAccessBlockCommand({ Bucket: BUCKET }));
    await client.send(new PutBucketAclCommand({ Bucket: BUCKET, ACL: 'public-read' }));
    client.destroy();
    const opened = await backup('audit');
    expect([opened.code, states(opened, 'differs').sort()]).toEqual([
      1,
      ['bucket-public', 'bucket-public-access-open'],
    ]);
    expect(opened.findings.filter((f) => f.state === 'differs').every((f) => f.why !== '')).toBe(true);

    expect(states(await backup('setup'), 'changed').sort()).toEqual(['bucket-public', 'bucket-public-access-open']);
    expect((await backup('audit')).code).toBe(0);
  });
});
