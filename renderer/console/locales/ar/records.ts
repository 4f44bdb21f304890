export { records } from '../../../shared/locales/ar/records.ts';
