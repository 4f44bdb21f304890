import { exactInterval } from '../../../models/rules/calibration/proportion.ts';
import type { TrialSystem } from '../../core/commands/liveness-trial.ts';
import { SPECIES, speciesName } from './attacks.ts';
import { isParticipant, type Trial } from './trial-file.ts';

/** `count` of `of`, with the exact 95 % interval; null if there was nothing to count. */
type Rate = { readonly count: number; readonly of: number } & (
  | { readonly value: number; readonly interval: readonly [low: number, high: number] }
  | { readonly value: null; readonly interval: null }
);

interface Row {
  readonly presentations: number;
  /** Number of failures and non-responses, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Results of a trial under the names of ISO/IEC 30107-3. */
export interface TrialReport {
  readonly format: 1;
  readonly certified: false;
  readonly place: string;
  readonly from: string;
  readonly until: string;
  readonly system: TrialSystem;
  /** Presentations that the person who led the trial undid. They count nowhere else. */
  readonly undone: number;
  /** APCER and BPCER only count presentations that were judged; the non-response rates count all. */
  readonly bonaFide: Row & { readonly participants: number; readonly bpcer: Rate; readonly bpnrr: Rate };
  readonly attacks: readonly (Row & {
    readonly instrument: string;
    readonly level: string | null;
    readonly apcer: Rate;
    readonly apnrr: Rate;
  })[];
  /** The instrument with the highest APCER; null if no attack was judged. */
  readonly worst: { readonly instrument: string; readonly apcer: Rate } | null;
}

type Presentation = Trial['presentations'][number];

/** Computes the report. Rates are 0..1, by ISO/IEC 30107-3; a series without a judged presentation has none. */
export function reportOf(trial: Trial): TrialReport {
  const { place, from, until, system, plan, undone, presentations } = trial;
  const own = presentations.filter(({ series }) => isParticipant(series));
  const attacks = plan.attacks.map((instrument) => {
    const of = presentations.filter(({ series }) => series === instrument);
    return {
      instrument,
      level: SPECIES[instrument]?.level ?? null,
      ...rowOf(of),
      apcer: rateOf(of.filter(judged), 'passed'),
      apnrr: rateOf(of, 'no-response'),
    };
  });
  const worst = attacks
    .filter(({ apcer }) => apcer.value !== null)
    .toSorted((a, b) => b.apcer.value! - a.apcer.value! || b.apcer.interval![1] - a.apcer.interval![1])[0];
  return {
    format: 1,
    certified: false,
    place,
    from,
    until,
    system,
    undone,
    bonaFide: {
      participants: new Set(own.map(({ series }) => series)).size,
      ...rowOf(own),
      bpcer: rateOf(own.filter(judged), 'failed'),
      bpnrr: rateOf(own, 'no-response'),
    },
    attacks,
    worst: worst ? { instrument: worst.instrument, apcer: worst.apcer } : null,
  };
}

const judged = ({ outcome }: Presentation): boolean => outcome !== 'no-response';

function rateOf(all: readonly Presentation[], outcome: Presentation['outcome']): Rate {
  const [count, of] = [all.filter((one) => one.outcome === outcome).length, all.length];
  if (of === 0) return { count, of, value: null, interval: null };
  return { count, of, value: count / of, interval: exactInterval(count, of) };
}

function rowOf(all: readonly Presentation[]): Row {
  const reasons: Record<string, number> = {};
  for (const { reason } of all) if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return { presentations: all.length, reasons };
}

/** Returns the report to read and pass on. Markdown. */
export function reportText(report: TrialReport): string {
  const { place, from, until, system, undone, bonaFide, attacks, worst } = report;
  const when = from === until ? from : `${from} to ${until}`;
  return [
    '# Trial of the liveness check',
    '',
    '**This is not a certified laboratory’s report.** It is the operator’s own trial in the terms of ISO/IEC 30107-3, on one machine, with',
    'the people and instruments at hand. It says nothing about instruments that are not in it.',
    '',
    `| | |\n|---|---|\n| place | ${cell(place)} |\n| date | ${when} |`,
    `| build | ${system.version}${system.commit ? ` (${system.commit.slice(0, 12)})` : ''} |`,
    `| strength of the check | ${system.strength} |`,
    `| face detector | ${system.detector} |\n| embedder | ${system.embedder} |`,
    `| second liveness model | ${system.passiveLiveness ?? 'none'} |`,
    `| colours of the screen | ${system.light ? 'after the moves' : 'none'} |`,
    `| undone presentations, not counted below | ${undone} |`,
    '',
    '## People with their own faces',
    '',
    `${bonaFide.participants} participants, ${bonaFide.presentations} presentations.`,
    '',
    '| | rate | 95 % interval | count |\n|---|---|---|---|',
    `| BPCER: turned away | ${rateText(bonaFide.bpcer)} |`,
    `| BPNRR: no response | ${rateText(bonaFide.bpnrr)} |`,
    '',
    `Reasons: ${reasonsText(bonaFide)}.`,
    '',
    '## Attacks',
    '',
    worst
      ? `Highest APCER: ${rateText(worst.apcer).split(' | ')[0]}, ${speciesName(worst.instrument)}.`
      : 'No attack was judged.',
    '',
    '| instrument | level | presentations | APCER: let in | 95 % interval | count | APNRR: no response | 95 % interval | count | reasons |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...attacks.map(
      (a) =>
        `| ${speciesName(a.instrument)} | ${a.level ?? '–'} | ${a.presentations} | ${rateText(a.apcer)} | ${rateText(a.apnrr)} | ${reasonsText(a)} |`,
    ),
    '',
    '## How to read it',
    '',
    '- One presentation is one challenge. A kiosk allows three before a pause, so someone who may try again gets in more often.',
    '- APCER and BPCER count the presentations that were judged, the non-response rates all of them. A non-response lets no one in.',
    '- Intervals are exact (Clopper–Pearson) and take presentations to be independent. Those of one person or one instrument',
    '  are not, so the truth may be further away. None let in of 20 leaves room for 17 %.',
    '- Only the liveness check was tried: nobody was recognised. Someone who fools it still has to look like an enrolled person.',
    '',
  ].join('\n');
}

function rateText({ value, interval, count, of }: Rate): string {
  if (value === null) return `– | – | 0 of 0`;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return `${percent(value)} | ${percent(interval[0])} to ${percent(interval[1])} | ${count} of ${of}`;
}

const reasonsText = ({ reasons }: Row): string =>
  Object.entries(reasons)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ') || 'none';

/** Escapes someone's text for a table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
