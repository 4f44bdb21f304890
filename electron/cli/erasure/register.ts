import type { Command } from '@commander-js/extra-typings';
import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import * as api from '../../../sync/protocol/api/erasures.ts';
import { ask } from '../ask.ts';
import { EXIT } from '../exit-codes.ts';
import { wholeNumber } from '../options.ts';
import { print, printEach } from '../output.ts';
import { call, callAll } from '../server/environment.ts';

type Summary = z.output<typeof api.ErasureSummary>;
type State = z.output<typeof api.Erasure>;

const HELP = `
requested: face templates are deleted; the rest follows when the cancellation period ends. under-way: the person's key is
destroyed; rows, photos, the disk and the kiosks follow step by step. done: the certificate is available.
It may be waiting for: kiosks-open (a kiosk has not confirmed), legal-hold, merged-since (a merge added data),
backup-awaited, database-log-needed, or the code of an error.`;

/** `erasure list|show|request|undo|certificate`: on the server. */
export function registerErasure(program: Command): void {
  const erasure = program.command('erasure').description('Request, follow and certify the erasure of a person’s data.');
  erasure
    .command('list', { isDefault: true })
    .description('List requests, newest first.')
    .option('--open', 'only requests that aren’t complete')
    .option('--json', 'one JSON object per line')
    .addHelpText('after', HELP)
    .action(async (o) => {
      const list = await callAll(api.listErasures, { query: { open: o.open } });
      printEach(o.json, list, line, 'No erasure was requested.');
    });
  erasure
    .command('show')
    .description('Show the steps of a request and which kiosks have confirmed.')
    .argument('<request>')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit code 1 when a kiosk is overdue or can't confirm any more.${HELP}`)
    .action(async (request, o) => {
      const state = await call(api.getErasure, { params: { request } });
      print(o.json, state, textOf);
      const attention = state.open.some((k) => k.overdue || k.status === 'revoked');
      process.exitCode = attention ? EXIT.attention : EXIT.ok;
    });
  erasure
    .command('request')
    .description('Request a person’s erasure. Face templates are deleted immediately.')
    .argument('<person>', 'id')
    .option('--undo-days <n>', 'days in which it can be cancelled (default: as configured)', wholeNumber(0, 30))
    .option('--yes', 'don’t ask for confirmation')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action(async (person, o) => {
      if (!o.yes) {
        const answer = await ask(`Erase ${person}? Type the id again: `);
        if (answer !== person) throw new InvalidArgumentError('not the same id; nothing was done');
      }
      const made = await call(api.requestErasure, { body: { person, undoDays: o.undoDays } });
      const undo = made.undoUntil ? `it can be cancelled until ${made.undoUntil}` : 'it can’t be cancelled';
      print(o.json, made, `Request ${made.request}; ${undo}.`);
    });
  erasure
    .command('undo')
    .description('Cancel a request while that is possible. The person must enrol their face again.')
    .argument('<request>')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action(async (request, o) => {
      const undone = await call(api.undoErasure, { params: { request } });
      print(o.json, undone, 'Cancelled. The person has no face templates now.');
    });
  erasure
    .command('certificate')
    .description('Verify and print the certificate of a completed erasure, as Markdown or signed (JWS).')
    .argument('<request>')
    .option('--signed', 'the signed certificate (JWS)')
    .option('--json', 'the content as one JSON object')
    .addHelpText('after', HELP)
    .action(async (request, o) => {
      const format = o.json || o.signed ? 'jws' : 'md';
      const certificate = await call(api.getErasureCertificate, { params: { request }, query: { format } });
      process.stdout.write(`${o.json ? contentOf(certificate) : certificate.trimEnd()}\n`);
    });
}

function line({ request, state, origin, requestedAt, waitsFor, undoUntil, doneAt }: Summary): string {
  const when =
    state === 'requested'
      ? `, ${undoUntil ? `can be cancelled until ${undoUntil}` : 'it can’t be cancelled'}`
      : state === 'done'
        ? `, done ${doneAt}`
        : '';
  return `${request}  ${state}, asked for ${requestedAt} (${origin})${when}${waitsFor ? `, waiting for ${waitsFor}` : ''}`;
}

function textOf(state: State): string {
  const steps = state.steps.map((s) => `  ${s.doneAt ? '✓' : '·'} ${s.step.padEnd(12)} ${s.doneAt ?? waits(s)}`);
  const confirmed = state.confirmed.map((k) => `  ✓ ${k.name} (${k.device}) ${k.at}`);
  const open = state.open.map((k) => {
    const why =
      k.status === 'revoked'
        ? 'revoked: can no longer confirm'
        : `last heard ${k.lastHeardAt ?? 'never'}${k.overdue ? ', OVERDUE' : ''}`;
    return `  · ${k.name} (${k.device}) ${why}`;
  });
  const kiosks = [...confirmed, ...open];
  return [
    line(state),
    'Steps:',
    ...steps,
    'Kiosks:',
    ...(kiosks.length > 0 ? kiosks : ['  none needs to confirm']),
  ].join('\n');
}

function waits({ code, nextAt }: State['steps'][number]): string {
  if (!code) return '';
  // A completed backup triggers another check within seconds.
  return `waits: ${code}${nextAt ? `, tried again by ${nextAt}${code === 'backup-awaited' ? ' or after the next backup' : ''}` : ''}`;
}

/** Returns the payload of a JWS that the server has verified. */
const contentOf = (signed: string): string => Buffer.from(signed.split('.')[1]!, 'base64url').toString('utf8');
