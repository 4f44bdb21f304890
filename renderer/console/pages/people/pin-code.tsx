import { useState } from 'preact/hooks';
import * as credentials from '../../../../sync/protocol/api/credentials.ts';
import type { Person } from '../../../../sync/protocol/api/people.ts';
import { Button } from '../../../shared/button.tsx';
import { IconKey } from '../../../shared/icons.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Dialog, Fact, Panel } from '../../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Moment } from '../../parts/labels.tsx';
import { kiosksAt } from '../../state/places.ts';

/** A code with which the person chooses a PIN at a kiosk, so that no one else ever knows it. */
export function PinCodePanel({ person: { id: person, number, sites } }: { person: Person }) {
  const hasNumber = number !== null;
  const found = useRead(credentials.getPinCode, { params: { person } });
  const [issued, setIssued] = useState<credentials.IssuedPinCode | null>(null);
  const { busy, error, run } = useWrite();
  const code = found.value?.code ?? null;
  const pin = found.value?.pin ?? null;
  const issue = () =>
    run(() => api(credentials.issuePinCode, { params: { person } }), {
      done: (value) => {
        setIssued(value);
        found.reload();
      },
    });
  const end = (what: 'withdraw' | 'takeBack') =>
    run(
      () => api(what === 'withdraw' ? credentials.withdrawPinCode : credentials.withdrawPin, { params: { person } }),
      {
        ask: {
          title: t(`pinCode.${what}`),
          text: t(`pinCode.${what}Text`, { count: kiosksAt(sites) }),
          danger: true,
          // A code is easily replaced. A PIN is known only to its holder, so the number has to be typed to confirm.
          ...(what === 'takeBack' ? { word: number! } : { keep: t('pinCode.keep') }),
        },
        say: () => t('pinCode.withdrawn'),
        of: t('pinCode.title'),
        done: found.reload,
      },
    );
  return (
    <Panel title={t('pinCode.title')}>
      <p class="muted">{t(hasNumber ? 'pinCode.text' : 'pinCode.needsNumber')}</p>
      <ErrorNote error={error ?? found.error} />
      {pin && (
        <p>
          {t('pinCode.chosen')} <Moment at={pin.chosenAt} />
        </p>
      )}
      {code && (
        <p>
          {t('pinCode.open')} <Moment at={code.expiresAt} />
        </p>
      )}
      {hasNumber && (
        <div class="actions start">
          <Button disabled={busy} onClick={() => void issue()}>
            <IconKey />
            {t(code ? 'pinCode.another' : 'pinCode.issue')}
          </Button>
          {code && <Button label={t('pinCode.withdraw')} disabled={busy} onClick={() => void end('withdraw')} />}
          {pin && <Button label={t('pinCode.takeBack')} disabled={busy} onClick={() => void end('takeBack')} />}
        </div>
      )}
      {issued && (
        <Dialog title={t('pinCode.issued')} onClose={() => setIssued(null)}>
          <div class="stack">
            <p>{t('pinCode.handOver', { name: issued.name ?? t('people.unnamed') })}</p>
            <dl class="facts">
              <Fact name={t('people.number')} dir="ltr" class="pin-code tabular" value={issued.number} />
              <Fact
                name={t('pinCode.code')}
                dir="ltr"
                class="pin-code tabular"
                value={issued.code.replace(/(\d{4})(?=\d)/g, '$1 ')}
              />
            </dl>
            <p class="muted small">
              {t('people.until')} <Moment at={issued.expiresAt} />
            </p>
            <div class="actions">
              <CopyButton text={issued.code} />
              <Button label={t('pinCode.handed')} kind="primary" onClick={() => setIssued(null)} />
            </div>
          </div>
        </Dialog>
      )}
    </Panel>
  );
}
