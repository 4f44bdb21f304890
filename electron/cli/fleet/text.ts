import type { FleetKiosk as Kiosk, FleetDetail as Shown, Template } from '../../../sync/protocol/api/fleet.ts';

/** The fleet as lines of text. */

type Change = Shown['own']['history'][number];

const alertText = ({ code, detail }: Kiosk['alerts'][number]): string =>
  detail === null ? code : `${code} (${detail})`;

export function kioskLine(k: Kiosk): string {
  const heard = k.lastHeardAt ? `heard ${k.lastHeardAt}` : 'never heard';
  const wrong = k.alerts.map(alertText).join(', ') || (k.leaving ? `leaves: ${k.leaving}` : 'well');
  return `${k.id}  ${(k.report?.version ?? '?').padEnd(10)}  ${k.name}  (${heard})  ${wrong}`;
}

export function shownText({ kiosk, own, template, effective, commands, staff }: Shown): string {
  const r = kiosk.report;
  const gigabytes = (bytes: number | null) => (bytes === null ? '?' : `${(bytes / 1e9).toFixed(1)} GB`);
  const facts = r
    ? [
        `build     ${r.version}${r.commit && ` (${r.commit.slice(0, 12)})`}, ${r.host} host, store schema ${r.storeSchema}`,
        `models    ${r.models.embedder ?? 'no embedder'}; detector ${r.models.detector?.slice(0, 12) ?? '?'}`,
        `up        ${Math.round(r.uptimeSeconds / 60)} min; ${r.temperature === null ? 'no thermometer' : `${r.temperature} °C`}`,
        `disk      ${gigabytes(r.diskFree)} of ${gigabytes(r.diskTotal)} free`,
        `camera    ${r.camera}`,
        `clock     ${r.clockOffsetMs} ms off`,
        `waiting   ${r.queued} records, ${r.photosWaiting} photos`,
        `settings  revision ${kiosk.config.inForce ?? 'none'} in force, ${kiosk.config.published ?? 'none'} sent${r.configProblem ? `: ${r.configProblem}` : ''}`,
      ]
    : ['It has not reported how it is.'];
  return [
    kioskLine(kiosk),
    ...facts,
    '',
    `Its own settings: ${settingsText(own.settings)}`,
    `Of its site:      ${settingsText(template)}`,
    `Published:        ${settingsText(effective)}`,
    ...own.history.map(changeLine),
    ...(commands.length > 0 ? ['', ...commands.map(commandLine)] : []),
    ...(staff.length > 0 ? ['', 'Staff at the kiosk:', ...staff.map(staffLine)] : []),
  ].join('\n');
}

export const settingsText = (settings: object): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || '(none)';

function changeLine({ revision, at, by, email, settings, putBack }: Change): string {
  const back = putBack === null ? '' : ` (revision ${putBack} put back)`;
  return `  ${String(revision).padStart(4)}  ${at}  by ${email ?? by}: ${settingsText(settings)}${back}`;
}

function staffLine({ at, what, outcome, code, by, member }: Shown['staff'][number]): string {
  const who = by === null ? 'nobody' : by.emergency ? 'emergency PIN' : (by.name ?? 'a former member');
  const about = member === null ? '' : ` (${member})`;
  return `  ${at}  ${what}${about}  ${outcome}${code ? ` (${code})` : ''}  ${who}`;
}

export function commandLine(c: Shown['commands'][number]): string {
  const when = c.answeredAt ?? c.startedAt ?? c.askedAt;
  const why = c.code ? ` (${c.code})` : '';
  const log = c.log ? `; log of ${c.log.bytes} bytes until ${c.log.keptUntil}` : '';
  return `${c.id}  ${c.what.padEnd(12)}  ${c.state}${why}  ${when}  by ${c.email ?? c.by}${log}`;
}

export const templateText = ({ site, name, settings, history }: Template): string =>
  [`${site}  ${name}: ${settingsText(settings)}`, ...history.map(changeLine)].join('\n');
