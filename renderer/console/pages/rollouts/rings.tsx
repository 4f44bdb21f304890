import { useState } from 'preact/hooks';
import { type Ring, RingId, renameRing, setDeviceRing } from '../../../../sync/protocol/api/rollouts.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { SelectField, TextField, useField } from '../../../shared/web/form.tsx';
import { WriteForm } from '../../../shared/web/write-form.tsx';
import { t } from '../../i18n.ts';
import { kiosks } from '../../state/places.ts';
import { ringName } from './labels.ts';

/** Who gets a build first. */
export function Rings({ rings, admin, onChange }: { rings: readonly Ring[]; admin: boolean; onChange: () => void }) {
  const [putting, setPutting] = useState(false);
  const [naming, setNaming] = useState<Ring | null>(null);
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('rollouts.rings')}</h2>
        {admin && <Button onClick={() => setPutting(true)}>{t('rollouts.put')}</Button>}
      </div>
      <p class="muted">{t('rollouts.ringsLead')}</p>
      <ul class="ring-list">
        {rings.map((ring) => (
          <li key={ring.id}>
            <strong>
              <bdi>{ringName(rings, ring.id)}</bdi>
            </strong>
            <span class="long-text">
              {t('rollouts.inRing', { count: ring.count })}
              {ring.kiosks.length > 0 && (
                <span class="muted">
                  {' '}
                  · <bdi>{ring.kiosks.map((k) => k.name).join(', ')}</bdi>
                </span>
              )}
            </span>
            {admin && (
              <Button onClick={() => setNaming(ring)}>
                {t('rollouts.rename')}
                <span class="sr-only"> {ringName(rings, ring.id)}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
      {putting && (
        <Dialog title={t('rollouts.put')} onClose={() => setPutting(false)}>
          <Put rings={rings} onDone={onChange} />
        </Dialog>
      )}
      {naming && (
        <Dialog title={t('rollouts.rename')} onClose={() => setNaming(null)}>
          <Rename ring={naming} onDone={onChange} />
        </Dialog>
      )}
    </section>
  );
}

function Put({ rings, onDone }: { rings: readonly Ring[]; onDone: () => void }) {
  const approved = kiosks.value.filter((k) => k.status === 'approved');
  const device = useField(approved[0]?.id ?? '');
  const [ring, setRing] = useState<RingId>('canary');
  return (
    <WriteForm
      write={() => api(setDeviceRing, { params: { device: device.value }, body: { ring } })}
      say={() => t('rollouts.putDone')}
      done={onDone}
      ready={device.value !== ''}
      action={t('rollouts.put')}
    >
      <SelectField label={t('rollouts.kioskLabel')} {...device} options={approved.map((k) => [k.id, k.name])} />
      <SelectField
        label={t('rollouts.ringLabel')}
        value={ring}
        onValue={(value) => setRing(RingId.parse(value))}
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
