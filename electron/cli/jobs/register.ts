import type { Command } from '@commander-js/extra-typings';
import type { z } from 'zod';
import { type JobRun, type JobStates, listJobRuns, listJobs, runJob } from '../../../sync/protocol/api/jobs.ts';
import { EXIT } from '../exit-codes.ts';
import { wholeNumber } from '../options.ts';
import { print, printEach } from '../output.ts';
import { call } from '../server/environment.ts';

type State = z.output<typeof JobStates>['jobs'][number];
type Run = z.output<typeof JobRun>;

/** `jobs list|runs|run`: the server's scheduled jobs. */
export function registerJobs(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('List and run the server’s background jobs: deletions, erasures, backups.');
  jobs
    .command('list', { isDefault: true })
    .description('List every job, how often it runs and how its last run ended.')
    .option('--json', 'one JSON object per line: {"job","everyMs","last","lastOkAt","idle"}')
    .addHelpText('after', `\nExit code 1 when the last run of any job failed.`)
    .action(async (o) => {
      const { jobs: states } = await call(listJobs);
      printEach(o.json, states, stateLine);
      const bad = states.some((s) => s.last?.outcome === 'failed' || s.last?.outcome === 'lost');
      process.exitCode = bad ? EXIT.attention : EXIT.ok;
    });
  jobs
    .command('runs')
    .description('List runs, newest first, each with its report.')
    .option('--job <name>', 'only this job')
    .option('--limit <n>', 'how many to show', wholeNumber(1, 1000), 50)
    .option('--json', 'one JSON object per line: {"id","job","startedAt","endedAt","outcome","code","report"}')
    .action(async (o) => {
      const { items } = await call(listJobRuns, { query: { limit: o.limit, job: o.job } });
      printEach(o.json, items, runLine, 'No job has run yet.');
    });
  jobs
    .command('run')
    .description('Run a job now, due or not, and show its report.')
    .argument('<name>', 'name of the job, see `jobs list`')
    .option('--json', 'the report as one JSON object')
    .addHelpText('after', `\nFails with job-running while the job is running on any replica.`)
    .action(async (name, o) => {
      print(o.json, await call(runJob, { params: { job: name } }), (report) => `${name}: ${reportText(report)}`);
    });
}

const IDLE = { 'no-object-store': 'no object store is configured', 'nothing-to-do': 'nothing to do' } as const;

function stateLine({ job, everyMs, last, lastOkAt, idle }: State): string {
  const every = `every ${durationText(everyMs)}`.padEnd(16);
  if (!last) return `${job.padEnd(20)} ${every} has not run yet${idle ? `: ${IDLE[idle]}` : ''}`;
  const ok = last.outcome === 'ok' ? '' : `; last succeeded ${lastOkAt ?? 'never'}`;
  return `${job.padEnd(20)} ${every} ${last.outcome}${last.code ? ` (${last.code})` : ''} ${last.startedAt}${ok}`;
}

function runLine({ id, job, startedAt, outcome, code, report }: Run): string {
  const text = outcome === 'ok' && report ? reportText(report) : outcome + (code ? ` (${code})` : '');
  return `${id}  ${startedAt}  ${job}: ${text}`;
}

function reportText(report: Readonly<Record<string, unknown>>): string {
  const text = Object.entries(report).map(
    ([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return text.length > 0 ? text.join(', ') : 'nothing to report';
}

function durationText(ms: number): string {
  if (ms % 86_400_000 === 0) return `${ms / 86_400_000} d`;
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms % 60_000 === 0) return `${ms / 60_000} min`;
  return `${ms / 1000} s`;
}
