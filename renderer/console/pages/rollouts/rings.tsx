import { useState } from 'preact/hooks';
import { type Ring, RingId, renameRing, setDeviceRing } from '../../../../sync/protocol/api/rollouts.ts';
import { Button } from '../../../shared/button.tsx';
import { api } from '../../../shared/web/api.ts';
import { Dialog } from '../../../shared/web/dialog.tsx';
import { ErrorNote, Form, SelectField, Submit, TextField } from '../../../shared/web/form.tsx';
import { useWrite } from '../../../shared/web/resource.ts';
import { toast } from '../../../shared/web/toast.tsx';
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
          <Put
            rings={rings}
            onDone={() => {
              setPutting(false);
              toast(() => t('rollouts.putDone'));
              onChange();
            }}
          />
        </Dialog>
      )}
      {naming && (
        <Dialog title={t('rollouts.rename')} onClose={() => setNaming(null)}>
          <Rename
            ring={naming}
            onDone={() => {
              setNaming(null);
              onChange();
            }}
          />
        </Dialog>
      )}
    </section>
  );
}

function Put({ rings, onDone }: { rings: readonly Ring[]; onDone: () => void }) {
  const approved = kiosks.value.filter((k) => k.status === 'approved');
  const [device, setDevice] = useState(approved[0]?.id ?? '');
  const [ring, setRing] = useState<RingId>('canary');
  const { busy, error, run } = useWrite();
  const submit = async () => {
    const done = await run(() => api(setDeviceRing, { params: { device }, body: { ring } }));
    if (done?.ok) onDone();
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <SelectField
        label={t('rollouts.kioskLabel')}
        value={device}
        onValue={setDevice}
        options={approved.map((k) => [k.id, k.name])}
      />
      <SelectField
        label={t('rollouts.ringLabel')}
        value={ring}
        onValue={(value) => setRing(RingId.parse(value))}
        options={RingId.options.map((id) => [id, ringName(rings, id)])}
      />
      <ErrorNote error={error} />
      <Submit disabled={busy || device === ''}>{t('rollouts.put')}</Submit>
    </Form>
  );
}

function Rename({ ring, onDone }: { ring: Ring; onDone: () => void }) {
  const [name, setName] = useState(ring.name ?? '');
  const { busy, error, run } = useWrite();
  const submit = async () => {
    const body = { name: name.trim() || null };
    const done = await run(() => api(renameRing, { params: { ring: ring.id }, body }));
    if (done?.ok) onDone();
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <TextField
        label={t('rollouts.ringName')}
        hint={t('rollouts.ringNameHint', { name: t(`rollouts.ring.${ring.id}`) })}
        maxLength={40}
        dir="auto"
        value={name}
        onValue={setName}
      />
      <ErrorNote error={error} />
      <Submit disabled={busy}>{t('rollouts.rename')}</Submit>
    </Form>
  );
}
