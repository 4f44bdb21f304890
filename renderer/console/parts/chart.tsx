import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { currentLanguage, numberOf } from '../../shared/i18n.ts';
import { theme } from '../../shared/web/preferences.ts';
import { t } from '../i18n.ts';
import { axisLabels, axisRange, barSteps } from './chart-axis.ts';

export interface Series {
  readonly label: string;
  /** Name of a design token, e.g. `--color-accent`. */
  readonly color: string;
  /** Lengths of a line's dashes and gaps, px; absent: solid. */
  readonly dash?: readonly number[];
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** Moments in ms since 1970, or plain numbers; ascending. */
  readonly x: readonly number[];
  /** Zone of the moments; absent: `x` are plain numbers. */
  readonly zone?: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** Width of bars, in units of `x`; absent: stepped lines. */
  readonly bars?: number;
  readonly format: (x: number) => string;
}

const HEIGHT = 240;

/** A chart, and the same data as a table for people who can't see it, or want the numbers. */
export function Chart(props: ChartProps) {
  const { title, x, xLabel, series, bars, format } = props;
  const box = useRef<HTMLDivElement>(null);
  const language = currentLanguage();
  const colours = theme.value;
  useEffect(() => {
    const element = box.current!;
    let chart = draw(element, props);
    const again = () => {
      chart.destroy();
      chart = draw(element, props);
    };
    const size = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    size.observe(element);
    // The canvas keeps its colours, so it is redrawn for another theme, and for paper, which is light.
    const media = ['(prefers-color-scheme: dark)', 'print'].map((query) => matchMedia(query));
    for (const one of media) one.addEventListener('change', again);
    return () => {
      for (const one of media) one.removeEventListener('change', again);
      size.disconnect();
      chart.destroy();
    };
  }, [props.x, series.map((s) => s.label).join(), language, colours]);
  return (
    <figure class="chart">
      <ul class="chart-legend" aria-hidden="true">
        {series.map((s) => (
          <li key={s.label}>
            {bars === undefined ? (
              <svg class="chart-key" viewBox="0 0 24 4" aria-hidden="true">
                <path d="M0 2h24" stroke={`var(${s.color})`} stroke-width="3" stroke-dasharray={s.dash?.join(' ')} />
              </svg>
            ) : (
              <span class="chart-key" style={{ background: `var(${s.color})` }} />
            )}
            {s.label}
          </li>
        ))}
      </ul>
      <div ref={box} dir="ltr" aria-hidden="true" />
      <details>
        <summary>{t('statistics.table')}</summary>
        <div class="chart-table">
          <table class="table">
            <caption class="sr-only">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{xLabel}</th>
                {series.map((s) => (
                  <th key={s.label} scope="col" data-numeric>
                    {s.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {x.map((at, i) => (
                <tr key={at}>
                  <th scope="row" data-label={xLabel}>
                    {format(at)}
                  </th>
                  {series.map((s) => (
                    <td key={s.label} data-numeric data-label={s.label}>
                      {typeof s.values[i] === 'number' ? numberOf(s.values[i]) : '–'}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

/** Resolves a design token to a colour, by an element that has it, since a canvas accepts no custom property. */
function resolved(element: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function draw(element: HTMLElement, { x, zone, series, bars, format }: ChartProps): uPlot {
  const muted = resolved(element, '--color-text-muted');
  const line = resolved(element, '--color-line');
  const language = currentLanguage();
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: muted, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const time = zone !== undefined;
  const [low, high] = axisRange(x, bars, time);
  const unit = time ? 1000 : 1;
  const labels = (_: uPlot, splits: number[]): string[] => {
    if (!time) return splits.map(format);
    return axisLabels(
      splits.map((s) => s * 1000),
      high - low,
      zone,
      language,
    );
  };
  const data: uPlot.AlignedData = [time ? x.map((ms) => ms / 1000) : [...x], ...series.map((s) => [...s.values])];
  const barPaths = uPlot.paths.bars!({ size: [0.8, 40, 1] });
  const stepPaths = uPlot.paths.stepped!({ align: 1 });
  return new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      ...(time && { tzDate: (s: number) => uPlot.tzDate(new Date(s * 1000), zone) }),
      scales: {
        x: { time, range: () => [low / unit, high / unit] },
        y: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 70,
          values: labels,
          ...(bars !== undefined && { incrs: barSteps(bars).map((step) => step / unit) }),
        },
        {
          ...axis,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000],
          values: (_, splits) => splits.map((n) => numberOf(n)),
        },
      ],
      series: [
        {},
        ...series.map((s) => {
          const stroke = resolved(element, s.color);
          return bars === undefined
            ? {
                label: s.label,
                stroke,
                width: 2,
                ...(s.dash && { dash: [...s.dash] }),
                spanGaps: true,
                points: { show: false },
                paths: stepPaths,
              }
            : { label: s.label, stroke, fill: stroke, width: 0, points: { show: false }, paths: barPaths };
        }),
      ],
    },
    data,
    element,
  );
}
