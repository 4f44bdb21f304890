import { useContext, useState } from 'preact/hooks';
import { changeMyProfile, type MyProfile, MyProfilePatch, setMyGps } from '../../../sync/protocol/api/portal.ts';
import { momentOf } from '../../shared/i18n.ts';
import { IconRepair } from '../../shared/icons.tsx';
import { api } from '../../shared/web/api.ts';
import { CheckField, ErrorNote, Form, SelectField, Submit, TextField, useFields } from '../../shared/web/form.tsx';
import { languageName, SPOKEN } from '../../shared/web/languages.ts';
import { CloseDialog, DialogButton, Fact, Panel } from '../../shared/web/pieces.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import { toast } from '../../shared/web/toast.tsx';
import { t } from '../i18n.ts';
import { me as profile, readMe } from '../state/session.ts';

/** What is stored, in plain language. What people may correct themselves is corrected here. */
export function Profile({ me }: { me: MyProfile }) {
  return (
    <>
      <h1>{t('profile.title')}</h1>
      <Panel
        title={t('profile.who')}
        aside={
          <DialogButton icon={<IconRepair />} label={t('profile.edit')}>
            <Edit me={me} />
          </DialogButton>
        }
      >
        <dl class="facts">
          <Held name={t('field.name')} value={me.name} />
          <Held name={t('field.email')} value={me.email} ltr />
          <Held name={t('field.phone')} value={me.phone} ltr />
          <Held name={t('field.language')} value={me.language && languageName(me.language)} />
          <Held name={t('field.number')} value={me.number} ltr />
          <Held name={t('field.badge')} value={me.badge} ltr />
        </dl>
        <p class="muted small">{t('profile.given')}</p>
      </Panel>
      <Positions me={me} />
      <Panel title={t('held.title')}>
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
      </Panel>
    </>
  );
}

const Held = ({ name, value, ltr = false }: { name: string; value: string | null; ltr?: boolean }) =>
  value === null ? (
    <Fact name={name} value={<span class="muted">{t('profile.none')}</span>} />
  ) : (
    <Fact name={name} dir={ltr ? 'ltr' : 'auto'} value={value} />
  );

function Edit({ me }: { me: MyProfile }) {
  const close = useContext(CloseDialog);
  // Unedited fields are not sent, since someone else may have changed them meanwhile.
  const [first] = useState({
    name: me.name ?? '',
    email: me.email ?? '',
    phone: me.phone ?? '',
    language: me.language ?? '',
  });
  const { values, field } = useFields(first, MyProfilePatch);
  const { busy, error, run } = useWrite();
  const submit = async () => {
    const edited = (Object.keys(first) as (keyof typeof first)[]).filter((name) => values[name].trim() !== first[name]);
    const sent = edited.map((name) => [name, values[name].trim() || null]);
    const body = { version: me.version, ...Object.fromEntries(sent) };
    const done = await run(() => api(changeMyProfile, { body }));
    if (!done) return;
    if (done.ok) {
      profile.value = done.value;
      toast(() => t('profile.saved'));
      close();
    } else if (done.error.code === 'person-changed') await readMe();
  };
  const spoken = me.language && !SPOKEN.includes(me.language) ? [...SPOKEN, me.language] : SPOKEN;
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <TextField label={t('field.name')} autocomplete="name" dir="auto" required {...field('name')} />
      <TextField
        label={t('field.email')}
        hint={t('profile.emailHint')}
        type="email"
        autocomplete="email"
        dir="ltr"
        {...field('email')}
      />
      <TextField label={t('field.phone')} type="tel" autocomplete="tel" dir="ltr" {...field('phone')} />
      <SelectField
        label={t('field.language')}
        hint={t('profile.languageHint')}
        {...field('language')}
        options={[['', t('profile.noLanguage')], ...spoken.map((code) => [code, languageName(code)] as const)]}
      />
      <ErrorNote error={error} />
      <Submit disabled={busy} onCancel={close}>
        {t('profile.save')}
      </Submit>
    </Form>
  );
}

function Positions({ me }: { me: MyProfile }) {
  const { busy, error, run } = useWrite();
  const choose = (optOut: boolean) =>
    run(() => api(setMyGps, { body: { optOut } }), {
      say: () => t(optOut ? 'gps.off' : 'gps.on'),
      done: (value) => (profile.value = value),
    });
  return (
    <Panel title={t('gps.title')} aria-busy={busy}>
      <CheckField
        label={t('gps.optOut')}
        hint={t('gps.hint')}
        checked={me.gpsOptOut}
        onChecked={(optOut) => void choose(optOut)}
      />
      <ErrorNote error={error} />
    </Panel>
  );
}
