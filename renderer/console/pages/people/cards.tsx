import { useState } from 'preact/hooks';
import * as credentials from '../../../../sync/protocol/api/credentials.ts';
import type { Person } from '../../../../sync/protocol/api/people.ts';
import { Button } from '../../../shared/button.tsx';
import { labelled } from '../../../shared/i18n.ts';
import { IconBadge, IconPrint } from '../../../shared/icons.tsx';
import { Qr } from '../../../shared/qr.tsx';
import { api } from '../../../shared/web/api.ts';
import { ErrorNote, TextField, useField } from '../../../shared/web/form.tsx';
import { Dialog, DialogButton, Panel } from '../../../shared/web/pieces.tsx';
import { useRead, useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { Moment } from '../../parts/labels.tsx';
import { BulkButton, RowButton } from '../../parts/row-button.tsx';
import { useUnsaved } from '../../parts/unsaved.ts';
import { kiosksAt, siteOf } from '../../state/places.ts';

/** Returns the id shown here and printed on the card. Nobody knows the card's code. */
const shownId = (id: string): string => id.slice(-8);

/** Cards and badges. Each checks in anyone who holds it, so it can be revoked at once. */
export function CardsPanel({ person, mayWrite }: { person: Person; mayWrite: boolean }) {
  const found = useRead(credentials.listCredentials, { params: { person: person.id } });
  const [card, setCard] = useState<credentials.PrintableCard | null>(null);
  const { busy, error, run } = useWrite();
  const issue = () =>
    run(() => api(credentials.createCard, { params: { person: person.id } }), {
      ask: { title: t('cards.issue'), text: t('cards.issueText', { count: 1 }) },
      done: (value) => {
        setCard(value);
        found.reload();
      },
    });
  /** A badge can be added again by its number. A card can't: nobody knows its code any more. */
  const revoke = ({ id, number }: credentials.Credential) =>
    run(() => api(credentials.revokeCredential, { params: { person: person.id, credential: id } }), {
      ask: {
        title: t('cards.revoke'),
        text: t('cards.revokeText', { count: kiosksAt(person.sites) }),
        danger: true,
        ...(number === null && { word: shownId(id) }),
      },
      say: () => t('cards.revoked'),
      of: number ?? shownId(id),
      undo: number !== null && (() => api(credentials.addBadge, { params: { person: person.id }, body: { number } })),
      done: found.reload,
    });
  return (
    <Panel title={t('cards.title')}>
      <ErrorNote error={error ?? found.error} />
      {found.value?.items.length === 0 && <p class="muted">{t('cards.none')}</p>}
      <ul>
        {found.value?.items.map((c) => (
          <li key={c.id} class="setting">
            <div>
              <p class="setting-name" id={`card-${c.id}`}>
                {t(`cards.${c.kind}`)} <bdi dir="ltr">{c.number ?? shownId(c.id)}</bdi>
              </p>
              <p class="muted small">
                {t('cards.issued')} <Moment at={c.issuedAt} />
                {c.revokedAt && (
                  <>
                    {' · '}
                    {t('cards.revokedAt')} <Moment at={c.revokedAt} />
                  </>
                )}
              </p>
            </div>
            {mayWrite && !c.revokedAt && (
              <RowButton of={`card-${c.id}`} disabled={busy} onClick={() => void revoke(c)}>
                {t('cards.revoke')}
              </RowButton>
            )}
          </li>
        ))}
      </ul>
      {mayWrite && (
        <div class="actions start">
          <Button icon={<IconPrint />} label={t('cards.issue')} disabled={busy} onClick={issue} />
          <DialogButton icon={<IconBadge />} label={t('cards.addBadge')}>
            <AddBadge person={person.id} onDone={found.reload} />
          </DialogButton>
        </div>
      )}
      {card && <PrintedCards cards={[card]} onClose={() => setCard(null)} />}
    </Panel>
  );
}

/** Makes a new card for each of several people. @param onCards receives the cards made, to be printed together */
export function IssueCards({
  people,
  onCards,
}: {
  people: readonly Person[];
  onCards: (cards: readonly credentials.PrintableCard[]) => void;
}) {
  const made: credentials.PrintableCard[] = [];
  return (
    <BulkButton
      icon={<IconPrint />}
      label={t('cards.issueAll')}
      rows={people}
      nameOf={(person) => person.name ?? t('people.unnamed')}
      ask={{ title: t('cards.issueAll'), text: t('cards.issueText', { count: people.length }) }}
      write={async ({ id: person }) => {
        const answer = await api(credentials.createCard, { params: { person } });
        if (answer.ok) made.push(answer.value);
        return answer;
      }}
      done={() => onCards(made.splice(0))}
    />
  );
}

/** The cards as they are printed, each of bank card size. Their codes are shown only this once. */
export const PrintedCards = ({
  cards,
  onClose,
}: {
  cards: readonly credentials.PrintableCard[];
  onClose: () => void;
}) => (
  <Dialog title={t(cards.length > 1 ? 'cards.issueAll' : 'cards.print')} wide={cards.length > 1} onClose={onClose}>
    <Sheet cards={cards} />
  </Dialog>
);

function Sheet({ cards }: { cards: readonly credentials.PrintableCard[] }) {
  const [printed, setPrinted] = useState(false);
  const text = t('cards.printText', { count: cards.length });
  // Several cards are work to make again, so leaving them unprinted is confirmed.
  useUnsaved(cards.length > 1 && !printed, () => ({
    title: t('cards.leave'),
    text,
    danger: true,
  }));
  const printAll = () => {
    setPrinted(true);
    print();
  };
  return (
    <div class="stack">
      <p class="no-print">{text}</p>
      <div class="actions no-print">
        <Button icon={<IconPrint />} label={t('print')} kind="primary" onClick={printAll} />
      </div>
      <div class="print-cards">
        {cards.map((card) => (
          <article key={card.id} class="print-card" aria-label={labelled(t('cards.card'), card.name ?? '')}>
            <div class="print-card-text">
              <p class="print-card-site">{siteOf(null)?.name ?? 'SmartPresence'}</p>
              <p class="print-card-name" dir="auto">
                {card.name ?? ''}
              </p>
              <p dir="ltr">{card.number ?? ''}</p>
              <p class="print-card-id" dir="ltr">
                {shownId(card.id)}
              </p>
            </div>
            <Qr text={card.text} label={t('cards.qr')} ecc="quartile" />
          </article>
        ))}
      </div>
    </div>
  );
}

function AddBadge({ person, onDone }: { person: string; onDone: () => void }) {
  const number = useField('');
  return (
    <WriteForm
      write={() => api(credentials.addBadge, { params: { person }, body: { number: number.value } })}
      done={onDone}
      ready={number.value.trim() !== ''}
      action={t('cards.addBadge')}
    >
      <p class="muted">{t('cards.badgeText')}</p>
      <TextField label={t('cards.number')} required maxLength={80} dir="ltr" {...number} />
    </WriteForm>
  );
}
