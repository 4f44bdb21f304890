import { useState } from 'preact/hooks';
import {
  NewSitePolicy,
  type PolicyChange,
  PolicyHistory,
  SiteHistory,
  SitePolicy,
} from '../../../sync/protocol/api/sites.ts';
import { t } from '../../shared/i18n.ts';
import { IconMend } from '../../shared/icons.tsx';
import { get, send } from '../core/api.ts';
import { loadPlaces, siteOf, sites } from '../core/places.ts';
import { useResource, useWrite } from '../core/resource.ts';
import { Dialog } from '../parts/dialog.tsx';
import { filterOf } from '../parts/filters.tsx';
import { CheckField, Form, RefusalNote, SelectField, TextField } from '../parts/form.tsx';
import { PageFrame } from '../parts/page.tsx';
import { Skeleton } from '../parts/table.tsx';
import { toast } from '../parts/toast.tsx';
import type { ConsolePage, PageProps } from './page.ts';
import { History } from './settings/history.tsx';
import { AddSite, Calendar } from './settings/site.tsx';

export const settingsPage: ConsolePage = {
  path: 'settings',
  group: 'running',
  Icon: IconMend,
  roles: ['admin', 'dpo', 'auditor'],
  View: Settings,
};

type Policy = PolicyChange['after'];
const WAYS = ['face', 'pin', 'qr', 'badge'] as const;
/** Ways that a comparison with the one person's face may follow. */
const CLAIMS = ['qr', 'badge'] as const;

/** How the kiosks of a site behave, and what was changed of it by whom. */
function Settings({ role }: PageProps) {
  const chosen = filterOf('site');
  const site = siteOf(chosen.value || null);
  const id = site?.id ?? null;
  const policy = useResource(id, (signal) => get(`/api/sites/${id}/policy`, SitePolicy, { signal }));
  const history = useResource(id && `${id} history`, (signal) =>
    get(`/api/sites/${id}/policy/history`, PolicyHistory, { signal }),
  );
  const calendar = useResource(id && `${id} calendar`, (signal) =>
    get(`/api/sites/${id}/history`, SiteHistory, { signal }),
  );
  const [adding, setAdding] = useState(false);
  const mayWrite = role !== 'auditor';
  const reload = () => {
    policy.reload();
    history.reload();
    calendar.reload();
  };
  return (
    <PageFrame
      title={t('settings.nav')}
      lead={t('settings.lead')}
      actions={
        role === 'admin' && (
          <button type="button" class="quiet" onClick={() => setAdding(true)}>
            {t('settings.addSite')}
          </button>
        )
      }
    >
      {sites.value.length > 1 && (
        <div class="filters">
          <SelectField
            label={t('people.site')}
            {...chosen}
            options={sites.value.map((s) => [s.isDefault ? '' : s.id, s.name])}
          />
        </div>
      )}
      <RefusalNote refusal={policy.refusal ?? history.refusal ?? calendar.refusal} onAgain={reload} />
      {!policy.value && policy.loading && <Skeleton rows={8} />}
      {site && policy.value && (
        <Edit
          key={`${id} ${JSON.stringify(policy.value.policy)}`}
          site={site.id}
          found={policy.value}
          mayWrite={mayWrite}
          onDone={reload}
        />
      )}
      {site && (
        <Calendar
          key={`${site.id} ${site.timeZone} ${site.dayStartsAt}`}
          site={site}
          mayWrite={role === 'admin'}
          onDone={calendar.reload}
        />
      )}
      {site && history.value && calendar.value && (
        <History site={site} policy={history.value.items} calendar={calendar.value.items} role={role} onDone={reload} />
      )}
      {adding && (
        <Dialog title={t('settings.addSite')} onClose={() => setAdding(false)}>
          <AddSite
            onDone={() => {
              setAdding(false);
              void loadPlaces();
              toast(() => t('settings.siteAdded'));
            }}
          />
        </Dialog>
      )}
    </PageFrame>
  );
}

const NUMBERS = ['leaseDays', 'photoDays', 'gpsDays', 'repeatWindowSeconds', 'consentAge', 'consentMonths'] as const;

function Edit({
  site,
  found,
  mayWrite,
  onDone,
}: {
  site: string;
  found: { own: boolean; policy: Policy; change: string | null };
  mayWrite: boolean;
  onDone: () => void;
}) {
  const { policy } = found;
  const [numbers, setNumbers] = useState<Record<string, string>>(
    Object.fromEntries(NUMBERS.map((n) => [n, policy[n] === undefined ? '' : String(policy[n])])),
  );
  const [faces, setFaces] = useState<string>(policy.faces ?? '');
  const [liveness, setLiveness] = useState<string>(policy.liveness ?? '');
  const [templates, setTemplates] = useState<string>(policy.templates ?? '');
  const [ways, setWays] = useState<readonly (typeof WAYS)[number][]>(policy.ways ?? WAYS);
  const [withFace, setWithFace] = useState<readonly (typeof CLAIMS)[number][]>(policy.withFace ?? []);
  const [privacy, setPrivacy] = useState(policy.privacy ?? { controller: '', contact: '', dpo: '' });
  const { busy, refusal, run } = useWrite();
  const named = Object.values(privacy).every((v) => v.trim());
  const next = NewSitePolicy.safeParse({
    ...policy,
    ...Object.fromEntries(NUMBERS.map((n) => [n, numbers[n] === '' ? undefined : Number(numbers[n])])),
    faces: faces || undefined,
    liveness: liveness || undefined,
    templates: templates || undefined,
    ways: ways.length === WAYS.length && ways.every((w, i) => w === WAYS[i]) ? policy.ways && ways : ways,
    withFace: withFace.length === 0 ? undefined : CLAIMS.filter((way) => withFace.includes(way)),
    privacy: named ? privacy : policy.privacy,
  });
  // None and "no way" are the same, and the order of these two says nothing.
  const before = {
    ...policy,
    withFace: policy.withFace?.length ? CLAIMS.filter((w) => policy.withFace?.includes(w)) : undefined,
  };
  const same = next.success && JSON.stringify(next.data) === JSON.stringify(NewSitePolicy.parse(before));
  const submit = async () => {
    if (!next.success || same) return;
    const done = await run(() =>
      send('PUT', `/api/sites/${site}/policy`, {
        query: { change: found.change ?? 'none' },
        body: next.data,
        answer: SitePolicy,
      }),
    );
    if (done?.ok) {
      toast(() => t('settings.saved'));
      onDone();
    }
  };
  const move = (way: (typeof WAYS)[number], by: number) => {
    const at = ways.indexOf(way);
    const order = [...ways];
    order.splice(at, 1);
    order.splice(at + by, 0, way);
    setWays(order);
  };
  const onOff = (label: string, value: string, onValue: (v: string) => void, hint?: string) => (
    <SelectField
      label={t(`settings.${label}`)}
      hint={hint && t(hint)}
      value={value}
      onValue={onValue}
      options={[
        ['', t('settings.asKiosk')],
        ['on', t('settings.on')],
        ['off', t('settings.off')],
      ]}
    />
  );
  return (
    <section class="card panel">
      <div class="panel-head">
        <h2>{t('settings.policy')}</h2>
        {!found.own && <span class="badge">{t('settings.inherited')}</span>}
      </div>
      <Form class="stack" onSubmit={() => void submit()}>
        <fieldset class="plain" disabled={!mayWrite}>
          <legend>{t('settings.waysTitle')}</legend>
          <p class="muted small">{t('settings.waysText')}</p>
          <ol class="order">
            {[...ways, ...WAYS.filter((w) => !ways.includes(w))].map((way) => {
              const on = ways.includes(way);
              const at = ways.indexOf(way);
              return (
                <li key={way}>
                  <CheckField
                    label={t(`settings.way.${way}`)}
                    checked={on}
                    onChecked={(yes) => setWays(yes ? [...ways, way] : ways.filter((w) => w !== way))}
                  />
                  {on && (
                    <span class="order-buttons">
                      <button
                        type="button"
                        class="quiet"
                        aria-disabled={at === 0}
                        aria-label={t('settings.earlier', { way: t(`settings.way.${way}`) })}
                        onClick={() => at > 0 && move(way, -1)}
                      >
                        ↑
                      </button>
                      <button
                        type="button"
                        class="quiet"
                        aria-disabled={at === ways.length - 1}
                        aria-label={t('settings.later', { way: t(`settings.way.${way}`) })}
                        onClick={() => at < ways.length - 1 && move(way, 1)}
                      >
                        ↓
                      </button>
                    </span>
                  )}
                </li>
              );
            })}
          </ol>
        </fieldset>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <legend>{t('settings.faceTitle')}</legend>
          {onOff('faces', faces, setFaces, 'settings.facesHint')}
          {onOff('liveness', liveness, setLiveness)}
          <SelectField
            label={t('settings.templates')}
            hint={t('settings.templatesHint')}
            value={templates}
            onValue={setTemplates}
            options={[
              ['', t('settings.store')],
              ['card', t('settings.card')],
            ]}
          />
          {CLAIMS.map((way) => (
            <CheckField
              key={way}
              label={t('settings.thenFace', { way: t(`settings.way.${way}`) })}
              checked={withFace.includes(way)}
              onChecked={(yes) => setWithFace(yes ? [...withFace, way] : withFace.filter((w) => w !== way))}
            />
          ))}
        </fieldset>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <legend>{t('settings.times')}</legend>
          {NUMBERS.map((name) => (
            <TextField
              key={name}
              type="number"
              inputMode="numeric"
              dir="ltr"
              label={t(`settings.${name}`)}
              hint={t(`settings.${name}Hint`)}
              required={name === 'leaseDays' || name === 'repeatWindowSeconds'}
              value={numbers[name]!}
              onValue={(value) => setNumbers({ ...numbers, [name]: value })}
            />
          ))}
        </fieldset>
        <fieldset class="plain grid" disabled={!mayWrite}>
          <legend>{t('settings.contacts')}</legend>
          {(['controller', 'contact', 'dpo'] as const).map((name) => (
            <TextField
              key={name}
              label={t(`settings.${name}`)}
              maxLength={200}
              dir="auto"
              value={privacy[name]}
              onValue={(value) => setPrivacy({ ...privacy, [name]: value })}
            />
          ))}
        </fieldset>
        <RefusalNote refusal={refusal} />
        {!next.success && (
          <p class="field-error" role="alert">
            {t('settings.wrong')}
          </p>
        )}
        {mayWrite && (
          <div class="actions">
            <button type="submit" class="primary" aria-disabled={busy || !next.success || same}>
              {t('settings.save')}
            </button>
          </div>
        )}
      </Form>
    </section>
  );
}
