import * as alerts from '../../../sync/protocol/api/alerts.ts';
import { CheckField, CheckFields, TextField } from '../../shared/web/form.tsx';
import { t } from '../i18n.ts';

/** Form fields for which attention items are sent to an account or webhook, and when not. */

const TOPICS = Object.keys(alerts.ALERT_TOPICS) as alerts.AlertTopic[];
/** Initial quiet hours. */
const NIGHT = { from: '22:00', to: '06:00' };

interface TopicFieldsProps {
  /** The role that sees these topics. */
  of: string;
  /** For a single site: topics about the server are not offered. */
  oneSite?: boolean;
  chosen: readonly alerts.AlertTopic[];
  onChosen: (topics: alerts.AlertTopic[]) => void;
}

export const TopicFields = ({ of, oneSite = false, chosen, onChosen }: TopicFieldsProps) => (
  <CheckFields
    options={TOPICS.filter((topic) => alerts.kindsFor(of, topic).length > 0 && !(oneSite && topic === 'server')).map(
      (topic) => [topic, t(`alerts.topic.${topic}`), t(`alerts.topicHint.${topic}`)],
    )}
    chosen={chosen}
    onChosen={(now) => onChosen([...now])}
  />
);

interface QuietFieldsProps {
  hint: string;
  quiet: alerts.QuietHours;
  onQuiet: (quiet: alerts.QuietHours) => void;
}

export const QuietFields = ({ hint, quiet, onQuiet }: QuietFieldsProps) => (
  <>
    <CheckField
      label={t('alerts.quiet')}
      hint={hint}
      checked={quiet !== null}
      onChecked={(yes) => onQuiet(yes ? NIGHT : null)}
    />
    {quiet && (
      <div class="plain grid">
        {(['from', 'to'] as const).map((end) => (
          <TextField
            key={end}
            type="time"
            dir="ltr"
            label={t(`alerts.${end}`)}
            error={end === 'to' && quiet.from === quiet.to ? t('alerts.sameTime') : undefined}
            required
            value={quiet[end]}
            onValue={(value) => onQuiet({ ...quiet, [end]: value })}
          />
        ))}
      </div>
    )}
  </>
);
