import type { Signal } from '@preact/signals';
import type { PersonRow } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { t } from '../../i18n.ts';
import { FormError } from '../../parts/keypad-form.tsx';
import { Title } from '../../parts/title.tsx';
import { AgeChoice, type Details } from './enrol-details.tsx';

interface EnrolKnownProps {
  steps: string;
  person: PersonRow;
  details: Signal<Details>;
  error: Signal<string>;
  age: number;
  next: () => void;
}

/** In place of the details, of someone who is here already: their record stays as it is, and their face comes. */
export function EnrolKnown({ steps, person, details, error, age, next }: EnrolKnownProps) {
  return (
    <form
      class="enrol-known"
      onSubmit={(event) => {
        event.preventDefault();
        next();
      }}
    >
      <p class="steps">{steps}</p>
      <div class="card">
        <Title>
          <bdi>{person.name}</bdi>
        </Title>
        <p class="tabular">
          {person.number === null ? t('people.noNumber') : t('people.number', { number: person.number })}
        </p>
      </div>
      <p class="lead">{t('enrol.knownMore')}</p>
      <AgeChoice
        age={age}
        minor={details.value.minor}
        choose={(minor) => (details.value = { ...details.value, minor })}
      />
      <FormError message={error.value} />
      <Button submit kind="primary" size="big">
        {t('next')}
      </Button>
    </form>
  );
}
