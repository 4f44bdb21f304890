import type { z } from 'zod';
import type { Incident, IncidentSummary } from '../../../sync/protocol/api/incidents.ts';

type Summary = z.output<typeof IncidentSummary>;

export function summaryLine(i: Summary): string {
  return `${i.id}  ${i.foundAt}  ${i.severity}  ${i.state}  ${clockText(i)}  ${i.title}`;
}

/** An incident with its timeline. */
export function incidentText(i: Incident): string {
  const written = (['description', 'consequences', 'measures', 'authorityReason', 'peopleReason'] as const)
    .filter((field) => i[field] !== '')
    .map((field) => `  ${field}: ${i[field]}`);
  return [
    summaryLine(i),
    ...(i.data.length > 0 ? [`  data: ${i.data.join(' ')}`] : []),
    ...written,
    ...i.scopes.map(
      ({ scope }) =>
        `  scope: ${Object.entries(scope)
          .map((pair) => pair.join(' '))
          .join(', ')}`,
    ),
    ...i.timeline.map(
      (e) => `  ${e.at}  ${e.byRole}${e.byId ? ` ${e.byId}` : ''}  ${e.kind}${e.text ? `: ${e.text}` : ''}`,
    ),
  ].join('\n');
}

function clockText({ clock }: Pick<Summary, 'clock'>): string {
  const hours = (ms: number) => `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
  switch (clock.state) {
    case 'running':
      return `${hours(clock.remainingMs)} left of 72 (until ${clock.dueAt})`;
    case 'overdue':
      return `OVERDUE by ${hours(-clock.remainingMs)}`;
    case 'in-time':
      return 'authority notified in time';
    case 'late':
      return 'authority notified late';
    case 'not-needed':
      return 'authority need not be notified';
  }
}
