export { records } from '../../../shared/locales/en/records.ts';
