import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from '@commander-js/extra-typings';
import type { z } from 'zod';
import * as api from '../../../sync/protocol/api/audit.ts';
import { dataKinds } from '../../../sync/protocol/api/data-kinds.ts';
import { AUDIT_ACTIONS } from '../../../sync/protocol/api/endpoint.ts';
import { MAX_PAGE } from '../../../sync/protocol/api/page.ts';
import { EXIT } from '../exit-codes.ts';
import { instant, Option, wholeNumber } from '../options.ts';
import { print, withProgress } from '../output.ts';
import { asOperator, call, everyItem } from '../server/environment.ts';

type Row = z.output<typeof api.AuditRowView>;

const JSON_ROW =
  '{"position","at","action","role","actor","email","ip","userAgent","hidden","route","resource","data","count","everyone","outcome"}';

const HELP = `
Each search is itself logged. Rows name people by a daily alias made with the person's own key: --affected and --person
find them, and no one can once that key is destroyed.`;

/** `audit search|show|verify|export`: on the server. */
export function registerAudit(program: Command): void {
  const audit = program.command('audit').description('On the server: search, export and verify the audit log.');
  filtered(audit.command('search').description('Search the log, newest rows first.'))
    .option('--limit <n>', 'how many to show', wholeNumber(1, Number.MAX_SAFE_INTEGER), 50)
    .option('--json', `one JSON object per line: ${JSON_ROW}`)
    .addHelpText('after', HELP)
    .action(async ({ limit, json, ...filter }) => {
      const query = { ...filter, limit: Math.min(limit, MAX_PAGE) };
      let left = limit;
      await asOperator(async (ask) => {
        for await (const row of everyItem(ask, api.searchAudit, { query })) {
          print(json, row, lineOf(row));
          left -= 1;
          if (left === 0) break;
        }
      });
      if (left === limit && !json) process.stdout.write('No rows match.\n');
    });
  audit
    .command('show')
    .description('Show one row and who it was about, unless they were erased since.')
    .argument('<position>', 'number of the row', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--json', 'one JSON object: {"row","people","unknown"}')
    .addHelpText('after', HELP)
    .action(async (position, o) => {
      const found = await call(api.getAuditRow, { params: { position } });
      const people = [...found.people.map((id) => `    person ${id}`), ...erased(found.unknown)];
      print(o.json, found, [lineOf(found.row), ...people].join('\n'));
    });
  filtered(audit.command('export').description('Export every matching row to a file, one JSON object per line.'))
    .requiredOption('--out <file>', 'write to this file; - for standard output')
    .addHelpText('after', HELP)
    .action(async ({ out, ...filter }) => {
      await asOperator(async (ask) => {
        const found = await ask(api.exportAudit, { query: filter });
        if (out === '-') return pipeline(found, process.stdout, { end: false });
        let rows = 0;
        found.on('data', (piece: Buffer) => {
          for (const byte of piece) if (byte === 0x0a) rows += 1;
        });
        await pipeline(found, createWriteStream(out, { flags: 'wx', mode: 0o600 }));
        process.stdout.write(`${out}: ${rows} ${rows === 1 ? 'row' : 'rows'}\n`);
      });
    });
  registerVerify(audit);
}

function filtered(command: Command) {
  return command
    .option('--from <time>', 'from this time, e.g. 2027-03-01 or 2027-03-01T08:00Z', instant)
    .option('--to <time>', 'before this time', instant)
    .option('--who <id>', 'account, device or person who did it')
    .option('--affected <id>', 'person it was about')
    .option('--person <id>', 'person who did it or who it was about')
    .addOption(new Option('--role <role>', 'role of who did it').choices(api.AUDIT_ROLES))
    .addOption(new Option('--action <action>').choices(AUDIT_ACTIONS))
    .addOption(new Option('--data <kind>', 'kind of data').choices(dataKinds))
    .option('--route <text>', 'start of the route, command or job')
    .option('--resource <text>', 'site, device, file, …')
    .option('--email <address>', 'e-mail address of the account that did it')
    .option('--ip <address>', 'IP address it came from')
    .option('--outcome <code>', 'ok, or an error code');
}

function lineOf(r: Row): string {
  const who = [r.role, r.email ?? r.actor ?? (r.hidden ? '(hidden)' : ''), r.ip ?? ''].filter(Boolean).join(' ');
  const affected = r.everyone
    ? ', everybody'
    : r.count > 0
      ? `, ${r.count} ${r.count === 1 ? 'person' : 'people'}`
      : '';
  const what = r.data.length > 0 ? ` ${r.data.join(' ')}` : '';
  const end = r.outcome === 'ok' ? '' : `  [${r.outcome}]`;
  return `${r.position}  ${r.at}  ${who}  ${r.action}${what}${affected}  ${r.route}${r.resource ? ` (${r.resource})` : ''}${end}`;
}

const erased = (unknown: number): string[] =>
  unknown === 0 ? [] : [`    and ${unknown} who ${unknown === 1 ? 'was' : 'were'} erased since`];

type Part = z.output<typeof api.VerifyAnswer>;
type Fault = Part['faults'][number];

/** Most faults reported. If the whole log was replaced, every row is a fault. */
const MOST = 100;

/** `audit verify`: checks every row, then the anchors outside the database. */
function registerVerify(audit: Command): void {
  audit
    .command('verify')
    .description('Read the whole log and find every row that was removed, altered, moved or inserted.')
    .option('--json', 'one JSON object: {"rows","last","anchors","notes","faults":[{"code","position","message"}]}')
    .addHelpText(
      'after',
      `
Each row carries a MAC over itself and the row before it, made with a key that is not in the database. Rows cut off at the
end are found by comparison with the anchors: in the server's own folder (every 5 seconds) and the object store (hourly).

rows-missing       rows are missing at the start or between two others
row-altered        a row was changed or replaced
key-missing        the key that a row names is missing
checkpoint-broken  the record of a purge was not written by this server
tail-cut-off       the log ends before a row that an anchor knows
anchor-differs     an anchor knows a different row at this position
anchor-broken      an anchor was not written by this server

Exit code 1 when something was found.`,
    )
    .action(async (o) => {
      const { faults } = await withProgress(
        o.json,
        (progress) =>
          asOperator(async (ask): Promise<Result> => {
            const found: Fault[] = [];
            let rows = 0;
            for (let from: Part['next'] = null; ; ) {
              const part: Part = await ask(api.verifyAudit, { body: { from } });
              const { last, next } = part;
              rows += part.rows;
              found.push(...part.faults);
              progress(next?.position ?? last, last, 'rows');
              from = next;
              if (from && found.length < MOST) continue;
              const { anchors, notes, faults } = await ask(api.compareAnchors);
              return { rows, last, anchors, notes, faults: [...found, ...faults].slice(0, MOST) };
            }
          }),
        sentenceOf,
      );
      process.exitCode = faults.length > 0 ? EXIT.attention : EXIT.ok;
    });
}

interface Result {
  readonly rows: number;
  readonly last: number;
  readonly anchors: z.output<typeof api.AnchorsAnswer>['anchors'];
  readonly notes: readonly string[];
  readonly faults: readonly Fault[];
}

function sentenceOf({ rows, last, anchors, notes, faults }: Result): string {
  const stored = anchors.objects === null ? 'no object store' : `${anchors.objects} in the object store`;
  const extent = `${rows} rows up to ${last}; anchors: ${anchors.folder} in the folder, ${anchors.database} in the database, ${stored}.`;
  const end = faults.length === 0 ? 'The log is whole.' : 'The log is NOT whole.';
  return [...faults.map((f) => `${f.code}: ${f.message}`), ...notes, extent, end].join('\n');
}
