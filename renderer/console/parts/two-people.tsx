import type { ComponentChildren } from 'preact';
import { type DuplicateOf, getPersonPicture } from '../../../sync/protocol/api/enrolment.ts';
import { Button } from '../../shared/button.tsx';
import { IconFace } from '../../shared/icons.tsx';
import { urlOf } from '../../shared/web/api.ts';
import { Form, TextField, useField } from '../../shared/web/form.tsx';
import { t } from '../i18n.ts';
import { Moment } from './labels.tsx';
import { PersonLink } from './person-fields.tsx';

interface TwoPeopleProps {
  name: string;
  ours: ComponentChildren;
  other: DuplicateOf;
  busy: boolean;
  overrule?: ((typed: string) => void) | undefined;
  actions?: ComponentChildren;
}

/**
 * Two people with similar faces, side by side, and what happens to the one already enrolled. Only an administrator may confirm
 * that they are two people, by typing who is concerned. Others leave it to an administrator.
 *
 * @param ours the picture to be enrolled
 * @param other null: nothing is known of them, or they were erased
 * @param overrule absent: this role may not
 */
export function TwoPeople({ name, ours, other, busy, overrule, actions }: TwoPeopleProps) {
  const typed = useField('');
  const theirName = other.name ?? t('people.unnamed');
  const word = other.number ?? theirName;
  return (
    <div class="stack two-people">
      <div class="beside">
        <figure class="card face-beside">
          {ours}
          <figcaption>
            <p class="muted small">{t('lookalikes.ours')}</p>
            <p dir="auto">{name}</p>
          </figcaption>
        </figure>
        <figure class="card face-beside">
          {other.hasPicture ? (
            <img
              src={urlOf(getPersonPicture, { params: { person: other.person } })}
              alt={t('lookalikes.pictureOf', { name: theirName })}
            />
          ) : (
            <div class="photo-none" role="img" aria-label={t('lookalikes.noPicture')}>
              <IconFace />
            </div>
          )}
          <figcaption>
            <p class="muted small">{t('lookalikes.theirs')}</p>
            <p>
              <PersonLink id={other.person} name={other.name} />
              {other.number !== null && <bdi class="tabular"> · {other.number}</bdi>}
            </p>
            {other.enrolledAt !== null && (
              <p class="small">
                {t('lookalikes.since')} <Moment at={other.enrolledAt} />
              </p>
            )}
            {!other.hasPicture && <p class="small">{t('lookalikes.noPicture')}</p>}
          </figcaption>
        </figure>
      </div>
      <p>{t('lookalikes.effect', { name, other: theirName })}</p>
      <p>{t('lookalikes.samePerson')}</p>
      {overrule ? (
        <Form class="stack" onSubmit={() => typed.value.trim() !== '' && overrule(typed.value)}>
          <TextField
            label={t(other.number === null ? 'lookalikes.typeName' : 'lookalikes.typeNumber', { word })}
            {...typed}
          />
          <div class="actions start">
            <Button submit kind="primary-danger" disabled={busy || typed.value.trim() === ''}>
              {t('lookalikes.overrule')}
            </Button>
            {actions}
          </div>
        </Form>
      ) : (
        <>
          <p>{t('lookalikes.notYours', { name })}</p>
          <div class="actions start">{actions}</div>
        </>
      )}
    </div>
  );
}
