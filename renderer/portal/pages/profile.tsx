import { useState } from 'preact/hooks';
import { changeMyProfile, type MyProfile, setMyGps } from '../../../sync/protocol/api/portal.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, momentOf } from '../../shared/i18n.ts';
import { IconRepair, IconStaff } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { Dialog } from '../../shared/web/dialog.tsx';
import { CheckField, ErrorNote, Form, SelectField, Submit, TextField, useField } from '../../shared/web/form.tsx';
import { languageName, SPOKEN } from '../../shared/web/languages.ts';
import { useWrite } from '../../shared/web/resource.ts';
import { toast } from '../../shared/web/toast.tsx';
import { t } from '../i18n.ts';
import { me as profile, readMe } from '../state/session.ts';
import type { PortalPage } from './page.ts';

/** What is held, in plain words; what people may correct themselves is corrected here. */
function Profile({ me }: { me: MyProfile }) {
  const [editing, setEditing] = useState(false);
  return (
    <>
      <h1>{t('profile.title')}</h1>
      <section class="card panel">
        <div class="panel-head">
          <h2>{t('profile.who')}</h2>
          <Button onClick={() => setEditing(true)}>
            <IconRepair />
            {t('profile.edit')}
          </Button>
        </div>
        <dl class="facts">
          <Fact name={t('field.name')} value={me.name} />
          <Fact name={t('field.email')} value={me.email} ltr />
          <Fact name={t('field.phone')} value={me.phone} ltr />
          <Fact name={t('field.language')} value={me.language && languageName(me.language, currentLanguage())} />
          <Fact name={t('field.number')} value={me.number} ltr />
          <Fact name={t('field.badge')} value={me.badge} ltr />
        </dl>
        <p class="muted small">{t('profile.given')}</p>
      </section>
      <Positions me={me} />
      <section class="card panel">
        <h2>{t('held.title')}</h2>
        <ul class="held">
          <li>{t(me.templates > 0 ? 'held.face' : 'held.noFace')}</li>
          <li>{t('held.records')}</li>
          <li>{t('held.photos')}</li>
          <li>{t(me.gpsOptOut ? 'held.noPositions' : 'held.positions')}</li>
          <li>{t('held.consents')}</li>
          <li>{t('held.audit')}</li>
        </ul>
        <p class="muted small">{t('held.all', { moment: momentOf(new Date(me.updatedAt)) })}</p>
        <a class="button" href="#/rights">
          {t('held.rights')}
        </a>
      </section>
      {editing && (
        <Dialog title={t('profile.edit')} onClose={() => setEditing(false)}>
          <Edit me={me} onDone={() => setEditing(false)} />
        </Dialog>
      )}
    </>
  );
}

function Fact({ name, value, ltr = false }: { name: string; value: string | null; ltr?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd dir={value === null ? undefined : ltr ? 'ltr' : 'auto'}>
        {value ?? <span class="muted">{t('profile.none')}</span>}
      </dd>
    </div>
  );
}

function Edit({ me, onDone }: { me: MyProfile; onDone: () => void }) {
  const name = useField(me.name ?? '');
  const email = useField(me.email ?? '');
  const phone = useField(me.phone ?? '');
  const language = useField(me.language ?? '');
  const { busy, error, run } = useWrite();
  const given = (text: string) => text.trim() || null;
  const submit = async () => {
    const body = {
      version: me.version,
      name: name.value.trim(),
      email: given(email.value),
      phone: given(phone.value),
      language: given(language.value),
    };
    const done = await run(() => api(changeMyProfile, { body }));
    if (!done) return;
    if (done.ok) {
      profile.value = done.value;
      toast(() => t('profile.saved'));
      onDone();
    } else if (done.error.code === 'person-changed') await readMe();
  };
  const spoken = me.language && !SPOKEN.includes(me.language) ? [...SPOKEN, me.language] : SPOKEN;
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <TextField label={t('field.name')} autocomplete="name" dir="auto" required maxLength={200} {...name} />
      <TextField
        label={t('field.email')}
        hint={t('profile.emailHint')}
        type="email"
        autocomplete="email"
        dir="ltr"
        maxLength={254}
        {...email}
      />
      <TextField label={t('field.phone')} type="tel" autocomplete="tel" dir="ltr" maxLength={40} {...phone} />
      <SelectField
        label={t('field.language')}
        hint={t('profile.languageHint')}
        {...language}
        options={[
          ['', t('profile.noLanguage')],
          ...spoken.map((code) => [code, languageName(code, currentLanguage())] as const),
        ]}
      />
      <ErrorNote error={error} />
      <Submit disabled={busy} onCancel={onDone}>
        {t('profile.save')}
      </Submit>
    </Form>
  );
}

/** The opt-out from positions. */
function Positions({ me }: { me: MyProfile }) {
  const { busy, error, run } = useWrite();
  const choose = (optOut: boolean) =>
    run(() => api(setMyGps, { body: { optOut } }), {
      say: () => t(optOut ? 'gps.off' : 'gps.on'),
      done: (value) => (profile.value = value),
    });
  return (
    <section class="card panel" aria-busy={busy}>
      <h2>{t('gps.title')}</h2>
      <CheckField
        label={t('gps.optOut')}
        hint={t('gps.hint')}
        checked={me.gpsOptOut}
        onChecked={(optOut) => void choose(optOut)}
      />
      <ErrorNote error={error} />
    </section>
  );
}

export const profilePage: PortalPage = { path: 'profile', Icon: IconStaff, View: Profile };
