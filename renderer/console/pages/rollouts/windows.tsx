import * as rollouts from '../../../../sync/protocol/api/rollouts.ts';
import { type Answer, api } from '../../../shared/web/api.ts';
import { ErrorNote, SelectField, TextField, useField, useFields } from '../../../shared/web/form.tsx';
import { DialogButton, Panel } from '../../../shared/web/pieces.tsx';
import { useRead, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { sites } from '../../state/places.ts';

type Site = (typeof sites.value)[number];

export function Windows({ admin }: { admin: boolean }) {
  return (
    <Panel title={t('rollouts.windows')}>
      <p class="muted">{t('rollouts.windowsLead')}</p>
      <ul class="ring-list">
        {sites.value.map((site) => (
          <One key={site.id} site={site} admin={admin} />
        ))}
      </ul>
    </Panel>
  );
}

function One({ site, admin }: { site: Site; admin: boolean }) {
  const params = { site: site.id };
  const found = useRead(rollouts.getUpdateWindow, { params });
  const inherited = site.isDefault ? null : t('rollouts.asDefault');
  return (
    <li>
      <strong>
        <bdi>{site.name}</bdi>
      </strong>
      <span>
        {found.value && <UpdateWindow found={found.value} inherited={inherited} />}
        <ErrorNote error={found.error} onRetry={found.reload} />
      </span>
      {admin && found.value && (
        <SetWindow
          name={site.name}
          found={found.value}
          inherited={inherited}
          set={(window) => api(rollouts.setUpdateWindow, { params, body: { window } })}
          reset={() => api(rollouts.removeUpdateWindow, { params })}
          done={found.reload}
        />
      )}
    </li>
  );
}

interface WindowProps {
  readonly found: rollouts.WindowInForce;
  /** Says that it follows the site, or the default site; null: there is nothing to follow. */
  readonly inherited: string | null;
}

/** When a site's kiosks, or one kiosk, may restart for updates. */
export const UpdateWindow = ({ found: { window, own, timeZone }, inherited }: WindowProps) => (
  <>
    {window ? (
      <span dir="ltr" class="tabular">
        {window.from}–{window.to}
      </span>
    ) : (
      t('rollouts.anyHour')
    )}
    <span class="muted">
      {' '}
      · {timeZone}
      {!own && inherited !== null && ` · ${inherited}`}
    </span>
  </>
);

interface SetWindowProps<S, R> extends WindowProps {
  readonly name: string;
  readonly set: (window: rollouts.WindowInForce['window']) => Promise<Answer<S>>;
  readonly reset: () => Promise<Answer<R>>;
  readonly done: (answer: S | R) => void;
}

export function SetWindow<S, R>(props: SetWindowProps<S, R>) {
  return (
    <DialogButton label={t('rollouts.setWindow')} of={props.name} title={props.name}>
      <Edit {...props} />
    </DialogButton>
  );
}

function Edit<S, R>({ name, found, inherited, set, reset, done }: SetWindowProps<S, R>) {
  const kind = useField(found.own || inherited === null ? (found.window ? 'hours' : 'any') : 'inherited');
  const { values: hours, field } = useFields({
    from: found.window?.from ?? '22:00',
    to: found.window?.to ?? '04:00',
  });
  return (
    <WriteForm<S | R>
      write={() => (kind.value === 'inherited' ? reset() : set(kind.value === 'hours' ? hours : null))}
      say={() => t('rollouts.windowSet')}
      of={name}
      done={done}
      action={t('rollouts.setWindow')}
    >
      <SelectField
        label={t('rollouts.windows')}
        {...kind}
        options={[
          ['hours', t('rollouts.ownHours')],
          ['any', t('rollouts.anyHour')],
          ...(inherited === null ? [] : [['inherited', inherited] as const]),
        ]}
      />
      {kind.value === 'hours' && (
        <div class="beside">
          <TextField label={t('rollouts.fromHour')} type="time" required {...field('from')} />
          <TextField
            label={t('rollouts.toHour')}
            hint={t('rollouts.hoursHint', { zone: found.timeZone })}
            type="time"
            required
            {...field('to')}
          />
        </div>
      )}
    </WriteForm>
  );
}
