import type { Command } from 'commander';
import type { z } from 'zod';
import * as api from '../../../sync/protocol/api/audit.ts';
import { EXIT } from '../exit-codes.ts';
import { terminalOutput } from '../output.ts';
import { asOperator } from '../server/environment.ts';

type Part = z.output<typeof api.VerifyAnswer>;
type Fault = Part['faults'][number];

/** Most faults reported; a log that was wholly exchanged has as many as rows. */
const MOST = 100;

/** `audit verify`: every row, then the anchors outside the database. */
export function registerVerify(audit: Command): void {
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
    .action(async (o: { json?: boolean }) => {
      const output = terminalOutput(o.json ?? false, (v) => sentenceOf(v as Result));
      const faults: Fault[] = [];
      let rows = 0;
      let last = 0;
      const compared = await asOperator(async (ask) => {
        for (let from: Part['next'] = null; ; ) {
          const part: Part = await ask(api.verifyAudit, { body: { from } });
          rows += part.rows;
          last = part.last;
          faults.push(...part.faults);
          output.progress(part.next?.position ?? part.last, part.last, 'rows');
          from = part.next;
          if (!from || faults.length >= MOST) return ask(api.compareAnchors);
        }
      });
      output.end();
      faults.push(...compared.faults);
      const { anchors, notes } = compared;
      output.line({ rows, last, anchors, notes, faults: faults.slice(0, MOST) } satisfies Result);
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
