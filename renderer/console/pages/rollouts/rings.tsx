import { type Ring, RingId, renameRing, setDeviceRing } from '../../../../sync/protocol/api/rollouts.ts';
import { api } from '../../../shared/web/api.ts';
import { SelectField, TextField, useField } from '../../../shared/web/form.tsx';
import { DialogButton, Panel } from '../../../shared/web/pieces.tsx';
import { WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { KioskLink } from '../../parts/place-links.tsx';
import { kioskName, kiosks } from '../../state/places.ts';

/** Returns a ring's name: the one it was given, else a default in the reader's language. */
export const ringName = (rings: readonly Pick<Ring, 'id' | 'name'>[], id: RingId): string =>
  rings.find((ring) => ring.id === id)?.name ?? t(`rollouts.ring.${id}`);

/** Which kiosks get a build first. */
export function Rings({ rings, admin, onChange }: { rings: readonly Ring[]; admin: boolean; onChange: () => void }) {
  return (
    <Panel
      title={t('rollouts.rings')}
      aside={
        admin && (
          <DialogButton label={t('rollouts.put')}>
            <Put rings={rings} onDone={onChange} />
          </DialogButton>
        )
      }
    >
      <p class="muted">{t('rollouts.ringsLead')}</p>
      <ul class="ring-list">
        {rings.map((ring) => (
          <li key={ring.id}>
            <strong>
              <bdi>{ringName(rings, ring.id)}</bdi>
            </strong>
            <Members ring={ring} />
            {admin && (
              <DialogButton label={t('rollouts.rename')} of={ringName(rings, ring.id)}>
                <Rename ring={ring} onDone={onChange} />
              </DialogButton>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Up to this many kiosks are listed at once. */
const FEW = 10;

/** The kiosks of a ring by name. A long list is shown on request. */
function Members({ ring: { count, kiosks } }: { ring: Ring }) {
  const number = t('rollouts.inRing', { count });
  const names = (
    <ul class="ring-kiosks">
      {kiosks.map(({ device, name }) => (
        <li key={device}>
          <KioskLink id={device} name={name} />
        </li>
      ))}
      {kiosks.length < count && <li>…</li>}
    </ul>
  );
  if (kiosks.length === 0) return <span>{number}</span>;
  if (kiosks.length <= FEW)
    return (
      <div class="long-text">
        {number}
        {names}
      </div>
    );
  return (
    <details class="long-text">
      <summary>{number}</summary>
      {names}
    </details>
  );
}

function Put({ rings, onDone }: { rings: readonly Ring[]; onDone: () => void }) {
  const approved = kiosks.value.filter((k) => k.status === 'approved');
  const device = useField(approved[0]?.id ?? '');
  const ring = useField<RingId>('canary');
  return (
    <WriteForm
      write={() => api(setDeviceRing, { params: { device: device.value }, body: { ring: ring.value } })}
      say={() => t('rollouts.putDone')}
      of={kioskName(device.value) ?? undefined}
      done={onDone}
      ready={device.value !== ''}
      action={t('rollouts.put')}
    >
      <SelectField label={t('rollouts.kioskLabel')} {...device} options={approved.map((k) => [k.id, k.name])} />
      <SelectField
        label={t('rollouts.ringLabel')}
        {...ring}
        options={RingId.options.map((id) => [id, ringName(rings, id)])}
      />
    </WriteForm>
  );
}

function Rename({ ring, onDone }: { ring: Ring; onDone: () => void }) {
  const name = useField(ring.name ?? '');
  return (
    <WriteForm
      write={() => api(renameRing, { params: { ring: ring.id }, body: { name: name.value.trim() || null } })}
      done={onDone}
      action={t('rollouts.rename')}
    >
      <TextField
        label={t('rollouts.ringName')}
        hint={t('rollouts.ringNameHint', { name: t(`rollouts.ring.${ring.id}`) })}
        maxLength={40}
        dir="auto"
        {...name}
      />
    </WriteForm>
  );
}
