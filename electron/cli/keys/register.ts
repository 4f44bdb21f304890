import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '@commander-js/extra-typings';
import type { z } from 'zod';
import { command } from '../../../sync/disk/program.ts';
import * as api from '../../../sync/protocol/api/keys.ts';
import { EXIT } from '../exit-codes.ts';
import { print, withProgress } from '../output.ts';
import { asOperator, call } from '../server/environment.ts';
import { generateKeys } from './generate.ts';

type Status = z.output<typeof api.KeyStatus>;
type State = z.output<typeof api.KeyRotationAdvanced>;

const HOW = `
To rotate the keys:
  1. keys generate                      generates a new pair
  2. set the new pair as ENCRYPTION_KEY and SECRET_KEY, and the current one as ENCRYPTION_KEY_PREVIOUS and SECRET_KEY_PREVIOUS
  3. restart every server process, one after the other: they keep using the current keys
  4. keys rotate                        re-encrypts everything while the server runs, and verifies it
  5. backup rekey                       if there are backups: the old keys then no longer open them
  6. remove the two …_PREVIOUS variables, restart, and destroy the old keys`;

/** `keys generate|status|rotate`: the server's keys in the environment. For its own keys for kiosks, see `server keys`. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('Generate, inspect and rotate ENCRYPTION_KEY and SECRET_KEY.');
  keys
    .command('generate')
    .description('Generate a new pair of keys and print it. Changes nothing.')
    .option('--json', 'one JSON object: {"ENCRYPTION_KEY","SECRET_KEY"}')
    .addHelpText('after', `\nThey are printed once and stored nowhere: put them in your secret store.`)
    .action((o) => {
      const pair = generateKeys();
      const lines = Object.entries(pair).map(([name, value]) => `${name}=${value}`);
      print(o.json, pair, lines.join('\n'));
    });
  keys
    .command('status', { isDefault: true })
    .description(
      'Show the key versions, what each encrypts, which process holds which, and the progress of a rotation.',
    )
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit code 1 while a rotation is not finished.`)
    .action(async (o) => {
      const status = await call(api.getKeyStatus);
      print(o.json, status, statusText);
      process.exitCode = status.rotation && status.rotation.phase !== 'finished' ? EXIT.attention : EXIT.ok;
    });
  keys
    .command('rotate')
    .description(
      'Re-encrypt everything under the new keys, then verify that they alone open it. Safe to stop and run again.',
    )
    .option('--re-encrypt', 'also give every person a new key and re-encrypt their data under it')
    .option('--dry-run', 'show what would be done, and change nothing')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', `${HOW}\n\nExit code 1 if a dry run finds that the rotation would fail.`)
    .action((o) =>
      o.dryRun ? plan(o.reEncrypt ?? false, o.json ?? false) : rotate(o.reEncrypt ?? false, o.json ?? false),
    );
}

async function plan(reEncrypt: boolean, json: boolean): Promise<void> {
  const [status, { steps }] = await asOperator(async (ask) => [
    await ask(api.getKeyStatus),
    await ask(api.planKeyRotation, { query: { reEncrypt } }),
  ]);
  const lacking = status.replicas.filter((r) => !r.ready).length;
  const ready = status.present === 'new' && status.previous === 'needed' && lacking === 0;
  if (json) process.stdout.write(`${JSON.stringify({ ready, replicasLacking: lacking, steps })}\n`);
  else {
    for (const { step, rows } of steps) process.stdout.write(`${String(rows).padStart(10)}  ${step}\n`);
    const why =
      status.present !== 'new'
        ? `These keys are already in use. Generate new ones: ${command('keys generate')}`
        : `Server processes that do not have the new keys yet: ${lacking}.`;
    process.stdout.write(ready ? 'Ready to rotate.\n' : `Not ready: ${why}\n`);
  }
  process.exitCode = ready ? EXIT.ok : EXIT.attention;
}

async function rotate(reEncrypt: boolean, json: boolean): Promise<void> {
  await withProgress(
    json,
    async (progress) => {
      const begun = await call(api.beginKeyRotation, { body: { reEncrypt } });
      process.stderr.write(`rotating from version ${begun.from} to version ${begun.to}\n`);
      for (let announced = ''; ; ) {
        const state = await call(api.advanceKeyRotation);
        progress(Math.min(state.done, state.total), state.total, 'rows');
        if (state.waitsFor) {
          if (state.waitsFor !== announced) process.stderr.write(`waiting for ${state.waitsFor}\n`);
          announced = state.waitsFor;
          await sleep(1000);
        }
        if (state.phase === 'finished') return state;
      }
    },
    sentence,
  );
}

/** What to report about the database's write-ahead log, which contained the keys in their earlier encryption. */
const LOG: Record<NonNullable<State['databaseLog']>['state'], string> = {
  removed: '',
  recycled:
    'The database’s write-ahead log still has the keys under the old ones, and overwrites them at some point: set wal_recycle = off.',
  needed: 'The database’s write-ahead log still has the keys under the old ones, until its next checkpoint.',
  unknown:
    'The server may not ask the database how long its write-ahead log keeps the keys under the old ones; see docs/prove/erasure.md.',
};

function sentence({ from, to, done, scrubbed, databaseLog }: State): string {
  return `Version ${to} of the keys is in use: ${done} rows sealed and opened, nothing is left under version ${from}.
Take ENCRYPTION_KEY_PREVIOUS and SECRET_KEY_PREVIOUS away, start the server processes again, and destroy the old keys.
Where there are backups, run first: backup rekey. It puts them under the new keys; to restore one from before, its rows need
the old keys too.${
    scrubbed
      ? [
          LOG[databaseLog?.state ?? 'unknown'],
          databaseLog?.archived ? 'Its archive (archive_mode) has them for as long as you keep it.' : '',
        ]
          .filter(Boolean)
          .map((line) => `\n${line}`)
          .join('')
      : `\nDead rows of the keyring are still on the disk, because something is reading the database. Run again later: ${command('keys rotate')}`
  }`;
}

function statusText(status: Status): string {
  const { rotation } = status;
  return [
    `New values are written under version ${status.writes}.`,
    ...status.versions.map(
      (v) =>
        `version ${v.version}: ${v.state}${v.here ? ', held here' : ''}, ${status.under[v.version] ?? 0} people’s rows`,
    ),
    `ENCRYPTION_KEY and SECRET_KEY: ${status.present}; …_PREVIOUS: ${status.previous}`,
    ...status.replicas.map(
      (r) =>
        `process ${r.id}: writes version ${r.writes}, ${r.ready ? 'has' : 'does not have'} these keys (${r.seenAt})`,
    ),
    ...(rotation
      ? [
          `Rotation ${rotation.from} → ${rotation.to}: ${rotation.phase}${rotation.step ? `, ${rotation.step}` : ''}${
            // Rows erased meanwhile are counted neither as done nor as remaining.
            rotation.phase === 'finished' ? '' : `, ${rotation.done} of ${rotation.total} rows`
          }`,
        ]
      : []),
  ].join('\n');
}
