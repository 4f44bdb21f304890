import { STEPS } from '../../../sync/server/features/privacy/erasure/steps.ts';
import { openDatabase } from '../../../sync/server/platform/database/open.ts';
import { readDatabaseUrl } from '../../../sync/server/platform/database/url.ts';
import { Keys } from '../../../sync/server/platform/keys/envelope.ts';
import { Secret } from '../../../sync/server/platform/secrets/secret.ts';
import { erasing } from '../../sync/erasing.ts';

/**
 * Continues erasures and kills itself with SIGKILL at one step, after its work and before that is recorded. argv[2]: JSON {url,
 * keys: [base64, base64], home, step, now}
 */
const o = JSON.parse(process.argv[2]!) as {
  url: string;
  keys: [string, string];
  home: string;
  step: string;
  now: string;
};
const address = readDatabaseUrl(o.url);
if (typeof address === 'string') throw new Error(address);
const [encryption, secret] = o.keys.map((text) => new Secret(Buffer.from(text, 'base64'))) as [Secret, Secret];
const { db } = await openDatabase(o.home, { postgres: address });
const step = STEPS.find((s) => s.name === o.step)!;
const whole = step.run;
Object.assign(step, {
  run: async (context: Parameters<typeof whole>[0]) => {
    await whole(context);
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  },
});
await (await erasing(db, new Keys(encryption, secret), o.home, { now: () => new Date(o.now) })).run();
process.exit(1);
