import { useState } from 'preact/hooks';
import * as alerts from '../../../sync/protocol/api/alerts.ts';
import { isLanguage, LANGUAGES } from '../../../sync/protocol/api/languages.ts';
import { Button } from '../../shared/button.tsx';
import { currentLanguage, ownName } from '../../shared/i18n.ts';
import { api } from '../../shared/web/api.ts';
import { CheckField, CheckFields, ErrorNote, SelectField, TextField } from '../../shared/web/form.tsx';
import { Fact, Note, Panel } from '../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { QuietFields, TopicFields } from '../parts/alert-fields.tsx';
import { Ago, moment } from '../parts/labels.tsx';
import { PageFrame } from '../parts/page.tsx';
import { Reading } from '../parts/reading.tsx';
import { useUnsaved } from '../parts/unsaved.ts';
import { siteOptions, sites, zoneOf } from '../state/places.ts';
import { session } from '../state/session.ts';

/** Which attention items are e-mailed to an account. */
export function AlertsPage() {
  const account = session.page.value?.at.session.account ?? null;
  return (
    <PageFrame of="alerts">
      {account && (
        <Panel title={t('alerts.title')}>
          <AlertsOf account={account} />
        </Panel>
      )}
    </PageFrame>
  );
}

/** The same for another account, set by an administrator. */
export function AlertsOf({ account, onSaved }: { account: string; onSaved?: () => void }) {
  const found = useRead(alerts.getAlerts, { params: { account } });
  return (
    <>
      <Reading of={found} rows={6} />
      {found.value && (
        <>
          <Mail account={account} found={found.value} onDone={found.reload} />
          <Choose
            account={account}
            found={found.value}
            onDone={(next) => {
              found.replace(next);
              onSaved?.();
            }}
          />
        </>
      )}
    </>
  );
}

interface PartProps<T> {
  account: string;
  found: alerts.Alerts;
  onDone: T;
}

/** Where e-mails are sent, whether they arrived, and a test. */
function Mail({ account, found: { email, mail, lastSentAt, failing }, onDone }: PartProps<() => void>) {
  const { busy, error, run } = useWrite();
  const [result, setResult] = useState<alerts.AlertTest | null>(null);
  const test = () => {
    setResult(null);
    return run(() => api(alerts.testAlerts, { params: { account } }), {
      done: (answer) => {
        setResult(answer);
        onDone();
      },
    });
  };
  const missing = mail ? email === null && 'alerts.noEmail' : 'alerts.noMail';
  if (missing) return <Note kind="warn">{t(missing)}</Note>;
  return (
    <>
      <dl class="facts">
        <Fact name={t('alerts.sentTo')} dir="ltr" value={email} />
        <Fact name={t('alerts.last')} value={<Ago at={lastSentAt} />} />
      </dl>
      {failing && !result && (
        <MailServer kind="bad" title={t('alerts.failing', { since: moment(failing.since) })} answer={failing.answer} />
      )}
      <div role="status">
        {result && (
          <MailServer
            kind={result.sent ? 'good' : 'bad'}
            title={t(result.sent ? 'alerts.tested' : 'alerts.notTested')}
            answer={result.answer}
          />
        )}
      </div>
      <ErrorNote error={error} />
      <div class="actions start">
        <Button label={t('alerts.test')} disabled={busy} onClick={() => void test()} />
      </div>
    </>
  );
}

const MailServer = ({ kind, title, answer }: { kind: 'good' | 'bad'; title: string; answer: string }) => (
  <div class="note" data-kind={kind}>
    <div>
      <p class="note-title">{title}</p>
      <p dir="ltr">{answer}</p>
    </div>
  </div>
);

function Choose({
  account,
  found: { role, chosen, settings: held },
  onDone,
}: PartProps<(next: alerts.Alerts) => void>) {
  // Before the first choice, suggest the language in which the user reads this page.
  const here = currentLanguage();
  const language = !chosen && isLanguage(here) ? here : held.language;
  const [edited, setEdited] = useState<Partial<alerts.AlertSettings>>({});
  const settings = { ...held, language, ...edited };
  const { topics, quiet } = settings;
  const parsed = alerts.AlertSettings.safeParse(settings);
  const dirty = JSON.stringify({ ...held, language }) !== JSON.stringify(settings);
  useUnsaved(dirty);
  const edit = (change: Partial<alerts.AlertSettings>) => setEdited({ ...edited, ...change });
  const wrong = (name: 'timeZone' | 'quiet') => parsed.error?.issues.some(({ path }) => path[0] === name);
  return (
    <WriteForm
      write={() => api(alerts.setAlerts, { params: { account }, body: parsed.data! })}
      say={() => t('alerts.saved')}
      done={(next) => {
        setEdited({});
        onDone(next);
      }}
      ready={parsed.success && (dirty || !chosen)}
      keepOpen
      action={t('alerts.save')}
    >
      <fieldset class="plain">
        <legend>{t('alerts.what')}</legend>
        <TopicFields of={role} chosen={topics} onChosen={(now) => edit({ topics: now })} />
      </fieldset>
      {sites.value.length > 1 && (
        <fieldset class="plain">
          <legend>{t('alerts.sites')}</legend>
          <CheckField
            label={t('alerts.everySite')}
            checked={settings.sites === null}
            onChecked={(yes) => edit({ sites: yes ? null : sites.value.map(({ id }) => id) })}
          />
          {settings.sites !== null && (
            <CheckFields
              options={siteOptions()}
              chosen={settings.sites}
              onChosen={(now) => edit({ sites: [...now] })}
            />
          )}
          {settings.sites?.length === 0 && (
            <p class="field-error" role="alert">
              {t('alerts.noSite')}
            </p>
          )}
        </fieldset>
      )}
      <fieldset class="plain">
        <legend>{t('alerts.when')}</legend>
        <QuietFields hint={t('alerts.quietHint')} quiet={quiet} onQuiet={(now) => edit({ quiet: now })} />
      </fieldset>
      <div class="plain grid">
        <TextField
          label={t('alerts.zone')}
          hint={t('alerts.zoneHint', { zone: zoneOf() })}
          error={wrong('timeZone') ? t('settings.zoneWrong') : undefined}
          dir="ltr"
          value={settings.timeZone ?? ''}
          onValue={(zone) => edit({ timeZone: zone.trim() || null })}
        />
        <SelectField
          label={t('alerts.language')}
          value={settings.language}
          onValue={(next) => edit({ language: next })}
          options={LANGUAGES.map((one) => [one, ownName(one)])}
        />
      </div>
    </WriteForm>
  );
}
