export { records } from '../../../shared/locales/zh/records.ts';
