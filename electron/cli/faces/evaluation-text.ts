import type { Estimate } from '../../../models/rules/calibration/bootstrap.ts';
import type { Verification } from '../../../models/rules/calibration/verification.ts';
import type { Evaluation, Found } from './evaluate.ts';

/** Describes what there was to compare. */
export function foundText(of: Evaluation['of'], { used, found, noFace, refused }: Found['counts']): string {
  const codes = Object.entries(refused).map(([code, n]) => `${n} ${code}`);
  return (
    `${used} of ${found} ${of} used` +
    (noFace ? `, ${noFace} without a face` : '') +
    (codes.length ? `, refused: ${codes.join(', ')}` : '')
  );
}

export function evaluationText(e: Evaluation): string {
  const { verification: v } = e;
  const lines = [
    `${e.folder}: ${v.people} people, ${foundText(e.of, e.pictures)}`,
    `model ${e.model}`,
    '',
    `1:1, ${v.genuinePairs} genuine and ${v.impostorPairs} impostor pairs; intervals: 95 %, bootstrap over people`,
    `  EER               ${v.eer ? `${percent(v.eer)} at threshold ${v.eer.threshold.toFixed(3)}` : 'not resolved'}`,
    `  ${inUseText(v)}`,
    ...v.tarAtFar.map(
      ({ far, tar, threshold }) =>
        `  TAR at FAR ${far.toExponential(0).padEnd(6)} ${tar ? `${percent(tar)} at threshold ${threshold!.toFixed(3)}` : `not resolved: needs ${Math.ceil(30 / far)} impostor pairs`}`,
    ),
    '',
    `1:N, one template per person`,
    `  rank-1            ${e.rankOne.right} of ${e.rankOne.probes} among ${e.rankOne.gallery} people${e.rankOne.share ? `, ${percent(e.rankOne.share)}` : ''}`,
    ...e.identification.flatMap((i) =>
      i.at.map(
        ({ fpir, fnir, threshold }) =>
          `  ${String(i.gallery).padStart(6)} enrolled: FNIR at FPIR ${(100 * fpir).toFixed(1)} %  ` +
          (fnir === null
            ? `not resolved: ${i.nonMated} strangers searched, needs ${Math.ceil(30 / fpir)}`
            : `${percent(fnir)} at threshold ${threshold!.toFixed(3)} (${i.mated} mated, ${i.nonMated} strangers)`),
      ),
    ),
    ...(e.groups
      ? [
          '',
          'By group, 1:1 within it',
          ...e.groups.flatMap(({ column, group, verification: g }) => [
            `  ${column} ${group} (people: ${g.people}): EER ${g.eer ? percent(g.eer) : 'not resolved'}`,
            `    ${inUseText(g)}`,
            ...g.tarAtFar.map(
              ({ far, tar }) =>
                `    TAR at FAR ${far.toExponential(0).padEnd(6)} ${tar ? percent(tar) : 'not resolved'}`,
            ),
          ]),
        ]
      : []),
    '',
    'Thresholds these pictures would pick',
    `  1:1               ${e.thresholds.verification?.toFixed(3) ?? 'not resolved'}`,
    ...e.thresholds.identification.map(
      (t) =>
        `  1:N, ${String(t.templates).padStart(5)} templates  ${t.threshold === null ? 'not resolved' : `${t.threshold.toFixed(3)}${t.resolved ? '' : ' (extrapolated: more impostor pairs are needed)'}`}, for an estimated FPIR of 0.1 %`,
    ),
  ];
  return lines.join('\n');
}

const inUseText = ({ inUse: { threshold, fmr, fnmr } }: Pick<Verification, 'inUse'>): string =>
  `at ${threshold.toFixed(3)}, the threshold in use: FMR ${fmr ? percent(fmr) : 'not resolved'}, FNMR ${fnmr ? percent(fnmr) : 'not resolved'}`;

function percent({ value, interval }: Estimate): string {
  const shown = `${(100 * value).toFixed(2)} %`;
  return interval
    ? `${shown} [${(100 * interval[0]).toFixed(2)}, ${(100 * interval[1]).toFixed(2)}]`
    : `${shown} (no interval: too few people)`;
}
