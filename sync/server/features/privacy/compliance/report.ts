import { command } from '../../../../disk/program.ts';
import { COMPLIANCE_PARTS, type ComplianceFacts as Facts } from '../../../../protocol/api/compliance.ts';
import { dpiaDraft } from './dpia.ts';
import { count, escaped, list, section, table } from './markdown.ts';
import { processingRecord } from './record.ts';
import { LAWS, type LastResults, type Outcome, type PolicyResults, resultOf } from './results.ts';

export type Part = (typeof COMPLIANCE_PARTS)[number];

export interface ComplianceReport {
  /** Markdown. */
  readonly text: string;
  readonly warnings: readonly string[];
  /** Null if the controls were not requested. */
  readonly tally: Tally | null;
}

/** Composes the report, or the requested parts of it. Pure. */
export function composeReport(
  facts: Facts,
  results: LastResults,
  parts: readonly Part[] = COMPLIANCE_PARTS,
): ComplianceReport {
  const warnings = warningsOf(facts);
  const controls = parts.includes('controls') ? controlsReport(results) : null;
  const pieces = [
    `# Compliance report\n\nSmartPresence, ${facts.at}.`,
    ...(warnings.length > 0 ? [section(2, 'Needs attention', list(warnings))] : []),
    ...(parts.includes('facts') ? [factsReport(facts)] : []),
    ...(controls ? [controls.text] : []),
    ...(parts.includes('record') ? [processingRecord(facts)] : []),
    ...(parts.includes('dpia') ? [dpiaDraft(facts)] : []),
  ];
  return { text: `${pieces.join('\n\n')}\n`, warnings, tally: controls?.tally ?? null };
}

/** Number of duties by outcome. */
type Tally = Readonly<Record<Outcome, number>>;

const MARK: Readonly<Record<Outcome, string>> = { proven: '✓', failed: '✗', 'not run': '–', 'no test': '–' };

/** Lists duty, control, tests and last result for every law. Markdown. Pure. */
export function controlsReport(results: LastResults): { text: string; tally: Tally } {
  const tally: Record<Outcome, number> = { proven: 0, failed: 0, 'not run': 0, 'no test': 0 };
  const laws = LAWS.map(({ name, duties }) => {
    const rows = duties.map((duty) => {
      const { outcome, proofs } = resultOf(duty, results);
      tally[outcome] += 1;
      const control = [escaped(duty.control), duty.operator && `*With the operator:* ${escaped(duty.operator)}`];
      return [
        duty.ref,
        escaped(duty.duty),
        control.filter(Boolean).join('<br>'),
        proofs.join('<br>') || '–',
        `${MARK[outcome]} ${outcome}`,
      ];
    });
    return section(3, name, table(['Where', 'Duty', 'Control', 'Test', 'Last result'], rows));
  });
  const ran = results.policy
    ? `Results of the tests of ${results.policy.at}, commit ${results.policy.commit.slice(0, 12)}.`
    : `There are no test results here, so nothing counts as proven. To include them: \`${command('compliance report --results FOLDER')}\`.`;
  const sums = Object.entries(tally).filter(([, n]) => n > 0);
  const summary = `${ran} ${sums.map(([outcome, n]) => `${n} ${outcome}`).join(', ')}. This is a summary of duties, not legal advice.`;
  const rows = results.policy ? [policyTable(results.policy)] : [];
  return { text: section(2, 'Duties, controls, tests', [summary, ...laws, ...rows].join('\n\n')), tally };
}

function policyTable({ rows }: PolicyResults): string {
  const lines = rows.flatMap(({ row, requirement, limits, parts }) => [
    [row, `**${escaped(requirement)}**${limits ? `<br>*Not shown:* ${escaped(limits)}` : ''}`, '', ''],
    ...parts.map(({ claim, state, tests }) => {
      const passed = tests.filter((t) => t.outcome === 'passed').length;
      const outcome = state === 'left' ? 'not run' : state === 'proven' ? 'proven' : 'failed';
      return ['', escaped(claim), `${passed} of ${tests.length} passed`, `${MARK[outcome]} ${outcome}`];
    }),
  ]);
  return section(3, 'Rows of the encryption and privacy policy', table(['Row', 'Part', 'Tests', 'Last result'], lines));
}

function factsReport(f: Facts): string {
  const { counts: c } = f;
  const lines = [
    `Database: ${f.database}${f.database === 'embedded' ? ' (for evaluation: not safe against power loss)' : ''}; key version ${f.keyVersion}`,
    `${count(c.people, 'person', 'people')}, ${c.consents} with a standing consent, ${c.peopleWithTemplates} with ${count(c.templates, 'face template')}, ${c.gpsOptOuts} opted out of GPS`,
    `${count(c.checkins, 'check-in')}, ${count(c.photos, 'photo')}, ${count(c.positions, 'position')}`,
    `Kiosks: ${grouped(f.devices)}; accounts: ${grouped(f.accounts)}`,
    `Audit log: ${count(f.audit.rows, 'row')}, the oldest of ${f.audit.oldest ?? '–'}; anchored in the object store ${f.audit.anchored ?? 'never'}`,
    `Backups: ${f.backups.count}, the newest of ${f.backups.newest ?? '–'}`,
    `Erasures: ${c.erasuresOpen} under way, ${c.erasuresDone} done; incidents: ${c.incidentsOpen} open of ${c.incidents}`,
  ];
  const jobs = table(
    ['Job', 'Last run', 'Outcome'],
    f.jobs.map((j) => [j.job, j.at, j.outcome]),
  );
  return section(2, 'This installation', `${list(lines)}\n\n${f.jobs.length > 0 ? jobs : 'No job has run yet.'}`);
}

const grouped = (by: Readonly<Record<string, number>>): string =>
  Object.entries(by)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ') || 'none';

/** Lists settings of this installation under which a control doesn't hold, for someone to review. */
function warningsOf(f: Facts): string[] {
  const failed = f.jobs.filter((j) => j.outcome === 'failed' || j.outcome === 'lost').map((j) => j.job);
  return [
    f.database === 'embedded' && 'The embedded database is for evaluation: use PostgreSQL.',
    !f.objects && 'There is no object store: no backups, and no anchors of the audit log outside this machine.',
    f.objects && f.backups.count === 0 && 'There is no backup yet.',
    !f.contacts && 'No contacts are set: the kiosks’ privacy screen can’t name who is responsible.',
    f.sites.some((s) => s.faces === 'on' && s.liveness === 'off') &&
      'The liveness check is off at a site with face recognition: a photograph may be accepted.',
    failed.length > 0 && `The last run of these jobs failed: ${failed.join(', ')}.`,
    f.counts.incidentsOpen > 0 && `${count(f.counts.incidentsOpen, 'incident')} open.`,
  ].filter((w) => typeof w === 'string');
}
