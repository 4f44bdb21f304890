import type { DetPoint, Verification } from '../../../models/rules/calibration/verification.ts';

/** Size of the drawing and of its plot area, pixels. */
const [WIDTH, HEIGHT] = [760, 640];
const AREA = { left: 90, top: 60, right: 720, bottom: 560 } as const;
const TICKS = [1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.4];
const [LEAST, MOST] = [5e-6, 0.5];

/**
 * Draws a DET plot (Martin et al. 1997) as SVG: FMR across, FNMR up, both on normal-deviate axes, so that scores with normal
 * distributions give a straight line. Rates of 0 are drawn on the edge. Points that the impostor pairs don't resolve
 * (< 30/FMR) are drawn dashed.
 */
export function detPlot(report: Verification, title: string): string {
  const least = report.impostorPairs > 0 ? 30 / report.impostorPairs : 1;
  const solid = report.det.filter((p) => p.fmr >= least);
  const dashed = report.det.filter((p) => p.fmr <= (solid.at(-1)?.fmr ?? 1));
  const grid = TICKS.flatMap((tick) => {
    const x = across(tick);
    const y = up(tick);
    const name = `${Number((tick * 100).toPrecision(1))} %`;
    return [
      `<path class="grid" d="M${x} ${AREA.top}V${AREA.bottom}M${AREA.left} ${y}H${AREA.right}"/>`,
      `<text x="${x}" y="${AREA.bottom + 22}" text-anchor="middle">${name}</text>`,
      `<text x="${AREA.left - 10}" y="${y + 4}" text-anchor="end">${name}</text>`,
    ];
  });
  const eer = report.eer ? `<circle cx="${across(report.eer.value)}" cy="${up(report.eer.value)}" r="4"/>` : '';
  const caption = [
    `${report.people} people, ${report.pictures} pictures`,
    report.eer ? `EER ${(100 * report.eer.value).toPrecision(2)} %` : 'EER not resolved',
  ].join(' · ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">
<title>${escapeXml(title)}</title>
<style>
svg{background:#fff;font:14px sans-serif}
.grid{stroke:#ddd;fill:none}
.frame{stroke:#555;fill:none}
.det{stroke:#0a58ca;stroke-width:2.5;fill:none}
.unresolved{stroke-dasharray:3 5}
.diagonal{stroke:#bbb;stroke-dasharray:2 4}
circle{fill:#0a58ca}
</style>
<text x="${AREA.left}" y="28" font-size="18">${escapeXml(title)}</text>
<text x="${AREA.left}" y="48">${caption}</text>
${grid.join('\n')}
<path class="diagonal" d="M${AREA.left} ${AREA.bottom}L${AREA.right} ${AREA.top}"/>
<rect class="frame" x="${AREA.left}" y="${AREA.top}" width="${AREA.right - AREA.left}" height="${AREA.bottom - AREA.top}"/>
<path class="det" d="${line(solid)}"/>
<path class="det unresolved" d="${line(dashed)}"/>
${eer}
<text x="${(AREA.left + AREA.right) / 2}" y="${HEIGHT - 26}" text-anchor="middle">false match rate (strangers taken for each other)</text>
<text transform="translate(22 ${(AREA.top + AREA.bottom) / 2}) rotate(-90)" text-anchor="middle">false non-match rate (people not recognised)</text>
</svg>
`;
}

function line(points: readonly DetPoint[]): string {
  return points.map((p, i) => `${i ? 'L' : 'M'}${across(p.fmr)} ${up(p.fnmr)}`).join('');
}

function across(rate: number): number {
  return round(AREA.left + share(rate) * (AREA.right - AREA.left));
}

function up(rate: number): number {
  return round(AREA.bottom - share(rate) * (AREA.bottom - AREA.top));
}

/** Position of a rate along an axis, 0..1. */
function share(rate: number): number {
  const low = probit(LEAST);
  return (probit(Math.min(MOST, Math.max(LEAST, rate))) - low) / (probit(MOST) - low);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Returns the inverse of the normal distribution for 0 < p ≤ 0.5, error < 4.5e-4 (Abramowitz & Stegun 26.2.23). */
export function probit(p: number): number {
  const t = Math.sqrt(-2 * Math.log(p));
  return -(
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3)
  );
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
