import { join } from 'node:path';
import { openKeys } from '../../../electron/core/keys/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { signedBuilds } from '../../../electron/host-browser/update/open-builds.ts';
import { httpSource } from '../../../sync/edge/update/http-source.ts';
import type { UpdateDirective } from '../../../sync/protocol/wire/fleet.ts';
import { aCheckin } from '../../store/samples.ts';
import { startStubKiosk, stubBuild } from '../stub-kiosk.ts';

/**
 * A whole kiosk on which people check in continuously. It installs a version and kills itself at a given step. It prints what
 * it has confirmed: `launcher PID`, `running BUILD`, `checkin ID`.
 */
const [root, url, directive, person, dieAt] = process.argv.slice(2) as [string, string, string, string, string];
const wanted = JSON.parse(directive) as UpdateDirective;
const say = (...parts: string[]) => process.stdout.write(`${parts.join(' ')}\n`);
const home = join(root, 'kiosk');

const kiosk = await startStubKiosk({
  root,
  everyMs: 50,
  uptime: join(root, 'uptime'),
  first: stubBuild('0.2.0'),
  openStore: async () => openStore({ home, keys: await openKeys({ home, deviceSecret: null, allowSecretFile: true }) }),
  open: signedBuilds({
    layout: { builds: join(root, 'builds'), work: join(root, 'update'), spool: join(root, 'spool') },
    trustedRoot: join(root, 'root.json'),
    sources: async () => [httpSource({ name: 'server', url })],
    log: () => undefined,
  }),
  step(name) {
    if (name === dieAt) process.kill(process.pid, 'SIGKILL');
  },
  log: (line, fields) => process.stderr.write(`${line} ${JSON.stringify(fields ?? {})}\n`),
});
say('launcher', String(kiosk.launcher));

let running = '';
let notified = '';
for (;;) {
  const { store, keeper } = kiosk;
  const now = kiosk.running ? `${kiosk.running.version}-${kiosk.running.commit.slice(0, 12)}` : '';
  if (store && keeper && now !== '') {
    if (now !== running) say('running', now);
    running = now;
    if (notified !== now) {
      store.settings.set('update-directive', directive);
      notified = now;
    }
    try {
      const { id } = await store.checkins.record(aCheckin(person));
      say('checkin', id);
      const last = store.outbox
        .pending(100_000)
        .map(({ header }) => header.open as { code?: string; detail?: { version: string } })
        .findLast(({ code }) => code === 'update-healthy' || code === 'update-rolled-back');
      if (last?.detail?.version === wanted.version && keeper.report().state === 'idle') break;
    } catch (error) {
      // The core was stopped between the read and the write.
      process.stderr.write(`${String(error)}\n`);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 30));
}
await kiosk.close();
say('done');
process.exit(0);
