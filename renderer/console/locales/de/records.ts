export { records } from '../../../shared/locales/de/records.ts';
