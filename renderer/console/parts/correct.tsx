import { useState } from 'preact/hooks';
import type { AttendanceRow } from '../../../sync/protocol/api/attendance.ts';
import { makeCorrection, type NewCorrection } from '../../../sync/protocol/api/corrections.ts';
import { api } from '../../shared/web/api.ts';
import { AreaField, ErrorNote, Form, SelectField, Submit, TextField, useField } from '../../shared/web/form.tsx';
import { Dialog } from '../../shared/web/pieces.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { dayKeyIn, instantAt, timeIn } from '../state/clock.ts';
import { siteOptions, sites, zoneOf } from '../state/places.ts';
import { DirectionChip, directionOptions, Moment } from './labels.tsx';
import { type ChosenPerson, PersonField } from './people-search.tsx';

/** `person`: who it is added for, if already known; `missing`: the day without a check-out, and where. */
export type Task =
  | {
      readonly kind: 'add';
      readonly person?: ChosenPerson;
      readonly missing?: { readonly site: string | null; readonly day: string };
    }
  | { readonly kind: 'replace' | 'void'; readonly row: AttendanceRow };

/** Makes a correction, which can be undone at once by another correction. */
export function Correct({ task, onClose, onDone }: { task: Task; onClose: () => void; onDone: () => void }) {
  const row = task.kind === 'add' ? null : task.row;
  const missing = task.kind === 'add' ? task.missing : undefined;
  const [site, setSite] = useState(row?.site ?? missing?.site ?? null);
  const zone = zoneOf(site);
  const [person, setPerson] = useState<ChosenPerson | null>((task.kind === 'add' && task.person) || null);
  const date = useField(missing?.day ?? dayKeyIn(row?.at ?? Date.now(), zone));
  const time = useField(row ? timeIn(row.at, zone, 'en') : '');
  const [direction, setDirection] = useState(row?.direction ?? (missing ? 'out' : 'in'));
  const reason = useField('');
  const { busy, error, run } = useWrite();

  const made = (): NewCorrection | null => {
    if (task.kind === 'void') return { kind: 'void', target: task.row.id, reason: reason.value };
    const at = instantAt(date.value, time.value, zone);
    if (at === null) return null;
    if (task.kind === 'add')
      return person && { kind: 'add', person: person.id, site, at, direction, reason: reason.value };
    // Unless the time was changed to another minute, its seconds are kept.
    const moved = timeIn(task.row.at, zone, 'en') !== time.value || dayKeyIn(task.row.at, zone) !== date.value;
    return { kind: 'replace', target: task.row.id, ...(moved && { at }), direction, reason: reason.value };
  };
  const submit = async () => {
    const body = made();
    if (!body) return;
    const done = await run(() => api(makeCorrection, { body }), {
      say: () => t(`corrections.done.${task.kind}`),
      undo: ({ id: target }) =>
        api(makeCorrection, { body: { kind: 'undo' as const, target, reason: t('corrections.undoReason') } }),
      done: onDone,
    });
    if (done?.ok) onClose();
  };
  return (
    <Dialog title={t(`corrections.title.${task.kind}`)} onClose={onClose}>
      {row && task.kind !== 'add' && (
        <div class="dialog-lead">
          <p class="setting-name">
            <bdi>{row.name ?? t('board.list.unknown')}</bdi> <DirectionChip direction={row.direction} />{' '}
            <Moment at={row.at} site={row.site} />
          </p>
          <p class="muted">{t(task.kind === 'void' ? 'corrections.voidText' : 'corrections.replaceText')}</p>
        </div>
      )}
      {task.kind === 'add' && !person ? (
        <PersonField label={t('corrections.person')} value={null} onPerson={setPerson} />
      ) : (
        <Form class="stack" onSubmit={() => void submit()}>
          {person && (
            <p class="setting-name" dir="auto">
              {person.name}
            </p>
          )}
          <ErrorNote error={error} />
          {task.kind === 'add' && sites.value.length > 1 && (
            <SelectField
              label={t('attendance.site')}
              value={site ?? sites.value.find((s) => s.isDefault)?.id ?? ''}
              options={siteOptions()}
              onValue={setSite}
            />
          )}
          {task.kind !== 'void' && (
            <div class="row-fields">
              <TextField label={t('corrections.date')} type="date" required {...date} />
              <TextField label={t('corrections.time')} type="time" required data-start {...time} />
              <SelectField
                label={t('attendance.direction')}
                value={direction}
                options={directionOptions()}
                onValue={setDirection}
              />
            </div>
          )}
          <AreaField label={t('corrections.reason')} required maxLength={500} {...reason} />
          <Submit danger={task.kind === 'void'} disabled={busy} onCancel={onClose}>
            {t(task.kind === 'void' ? 'attendance.void' : 'corrections.save')}
          </Submit>
        </Form>
      )}
    </Dialog>
  );
}
